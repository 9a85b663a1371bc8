import { join } from 'node:path';
import type { OptionValues } from './option-values.ts';
import { sizes } from './sizes.ts';

/** What follows from the options together. */
export interface DerivedOptions {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly intermediate: number;
  /** Width of the token table: `hidden`, where the architecture does not factorise it. */
  readonly embedding: number;
  readonly dropout: number;
  readonly warmup: number;
  /** The log's file, if there is to be one. */
  readonly log?: string;
  /** The folder of TensorBoard's files, if there are to be any. */
  readonly tensorboard?: string;
}

/** Options that others follow from. */
export type DerivedFrom = Pick<OptionValues, 'architecture' | 'size' | 'steps'> &
  Partial<OptionValues>;

/** Fills in what was left open, by what the other options say. */
export function derive(values: DerivedFrom): DerivedOptions {
  const { architecture, out, steps } = values;
  const size = sizes[values.size];
  const { layers = size.layers, hidden = size.hidden, heads = size.heads } = values;
  const { intermediate = 4 * hidden, embedding = tableWidth(architecture, hidden) } = values;
  const { dropout = architecture === 'albert' || architecture === 'modernbert' ? 0 : 0.1 } = values;
  const { warmup = Math.min(40, steps) } = values;
  const log = values.log ?? (out === undefined ? undefined : join(out, 'log.jsonl'));
  const tensorboard = eventsFolder(values);
  return {
    ...{ layers, hidden, heads, intermediate, embedding, dropout, warmup },
    ...(log === undefined ? {} : { log }),
    ...(tensorboard === undefined ? {} : { tensorboard }),
  };
}

function tableWidth(architecture: OptionValues['architecture'], hidden: number): number {
  const isFactorised = architecture === 'albert' || architecture === 'electra';
  return isFactorised ? Math.min(128, hidden) : hidden;
}

function eventsFolder({ out, tensorboard = true }: DerivedFrom): string | undefined {
  if (typeof tensorboard === 'string') return tensorboard;
  return tensorboard && out !== undefined ? join(out, 'tensorboard') : undefined;
}
