import { ArgumentError } from '@maskloom/core';
import type { Plan } from '../plan.ts';
import { compact } from './compact.ts';
import { dense } from './dense.ts';
import type { Layout, LayoutContext, PadOptions } from './layout.ts';
import { seq2seq } from './seq2seq.ts';
import { varlen } from './varlen.ts';

/** A layout by name, with its options: plain data that can be posted to a worker. */
export type LayoutSpec =
  | 'dense'
  | 'compact'
  | 'varlen'
  | 'seq2seq'
  | ({ readonly type: 'dense' | 'seq2seq' } & PadOptions);

const names = ['dense', 'compact', 'varlen', 'seq2seq'];

/** The layout that a plan's batches have if none is asked for. */
export function defaultLayout(plan: Plan): 'dense' | 'seq2seq' {
  return plan.strategy.type === 'span-corruption' ? 'seq2seq' : 'dense';
}

/** The layout that a spec names, or the default one, for the plan and dataset of a context. */
export function layoutOf(spec: LayoutSpec | undefined, context: LayoutContext): Layout {
  const named = typeof spec === 'object' ? spec : { type: spec ?? context.defaultLayout };
  const { type, ...options }: { type: string } & PadOptions = named;
  if (!names.includes(type)) {
    throw new ArgumentError('layout', '"dense", "compact", "varlen" or "seq2seq"', type);
  }
  const sequenceToSequence = context.defaultLayout === 'seq2seq';
  if ((type === 'seq2seq') !== sequenceToSequence) {
    throw sequenceToSequence
      ? new ArgumentError(
          'layout',
          '"seq2seq"',
          type,
          'the plan corrupts spans, and its inputs and targets have lengths of their own',
        )
      : new ArgumentError(
          'layout',
          '"dense", "compact" or "varlen"',
          type,
          'the plan masks tokens where they are; seq2seq is for t5 and ul2',
        );
  }
  if (type === 'compact') return compact();
  if (type === 'varlen') return varlen();
  return type === 'dense' ? dense(checkPad(options)) : seq2seq(checkPad(options));
}

/** As `layoutOf`, and what was found is kept: every batch asks. */
export function layoutsOf(context: LayoutContext): (spec: LayoutSpec | undefined) => Layout {
  const kept = new Map<string | undefined, Layout>();
  return (spec) => {
    const name = typeof spec === 'object' ? JSON.stringify(spec) : spec;
    let layout = kept.get(name);
    if (layout === undefined) {
      layout = layoutOf(spec, context);
      kept.set(name, layout);
    }
    return layout;
  };
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
