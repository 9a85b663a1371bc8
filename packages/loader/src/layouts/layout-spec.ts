import { ArgumentError } from '@maskloom/core';
import { compact } from './compact.ts';
import { dense } from './dense.ts';
import type { Layout, LayoutContext, PadOptions } from './layout.ts';
import { seq2seq } from './seq2seq.ts';

/** A layout by name, with its options: plain data that can be posted to a worker. */
export type LayoutSpec =
  | 'dense'
  | 'compact'
  | 'seq2seq'
  | ({ readonly type: 'dense' | 'seq2seq' } & PadOptions);

const names = ['dense', 'compact', 'seq2seq'];

/**
 * The layout that a spec names, for the plan and dataset of a context; without one, the plan's own: `seq2seq`
 * where input and target have lengths of their own, else `dense`.
 */
export function layoutOf(spec: LayoutSpec | undefined, context: LayoutContext): Layout {
  const own = context.sequenceToSequence ? 'seq2seq' : 'dense';
  const named = typeof spec === 'object' ? spec : { type: spec ?? own };
  const { type, ...options }: { type: string } & PadOptions = named;
  if (!names.includes(type)) {
    throw new ArgumentError('layout', '"dense", "compact" or "seq2seq"', type);
  }
  if ((type === 'seq2seq') !== context.sequenceToSequence) {
    throw context.sequenceToSequence
      ? new ArgumentError(
          'layout',
          '"seq2seq"',
          type,
          'the plan corrupts spans, and its inputs and targets have lengths of their own',
        )
      : new ArgumentError(
          'layout',
          '"dense" or "compact"',
          type,
          'the plan masks tokens where they are; seq2seq is for t5 and ul2',
        );
  }
  if (type === 'compact') return compact();
  return type === 'dense' ? dense(checkPad(options)) : seq2seq(checkPad(options));
}

function checkPad(options: PadOptions): PadOptions {
  const { pad = 'batch', multiple = 1 } = options;
  if (pad !== 'batch' && pad !== 'dataset') {
    throw new ArgumentError('layout.pad', '"batch" or "dataset"', pad);
  }
  if (!Number.isInteger(multiple) || multiple < 1 || multiple > 65536) {
    throw new ArgumentError('layout.multiple', 'an integer from 1 to 65536', multiple);
  }
  return { pad, multiple };
}
