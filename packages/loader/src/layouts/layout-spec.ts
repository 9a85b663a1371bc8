import { ArgumentError } from '@maskloom/core';
import { compact } from './compact.ts';
import { type DenseOptions, dense } from './dense.ts';
import type { Layout } from './layout.ts';

/** A layout by name, with its options: plain data that can be posted to a worker. */
export type LayoutSpec = 'dense' | 'compact' | ({ readonly type: 'dense' } & DenseOptions);

/** The layout that a spec names. */
export function layoutOf(spec: LayoutSpec): Layout {
  if (spec === 'compact') return compact();
  if (spec === 'dense') return dense();
  if (typeof spec === 'object' && spec?.type === 'dense') {
    const { pad = 'batch', multiple = 1 } = spec;
    if (pad !== 'batch' && pad !== 'dataset') {
      throw new ArgumentError('layout.pad', '"batch" or "dataset"', pad);
    }
    if (!Number.isInteger(multiple) || multiple < 1 || multiple > 65536) {
      throw new ArgumentError('layout.multiple', 'an integer from 1 to 65536', multiple);
    }
    return dense({ pad, multiple });
  }
  throw new ArgumentError('layout', '"dense" or "compact"', spec);
}
