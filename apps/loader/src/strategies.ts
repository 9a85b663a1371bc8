import {
  type ActionOptions,
  ArgumentError,
  albert,
  bert,
  bertWholeWord,
  electra,
  megatron,
  modernbert,
  roberta,
  type Sentinels,
  type Strategy,
  spanbert,
  t5,
  tokenMasking,
  type Ul2Options,
  ul2,
} from '@maskloom/core';

/** What the command line says of a strategy. */
export interface StrategyOptions extends ActionOptions {
  readonly rate?: number;
  readonly maxPredictions?: number;
  readonly meanLength?: number;
  readonly sentinels?: Sentinels;
  readonly end?: number;
  readonly modes?: NonNullable<Ul2Options['modes']>;
  readonly unit?: 'word' | 'column';
}

/** The strategies by the names the command line has for them. */
export const strategies = {
  token: (options) => tokenMasking({ ...options, rate: options.rate ?? 0.15 }),
  bert,
  'bert-whole-word': bertWholeWord,
  roberta,
  spanbert,
  albert,
  megatron,
  'megatron-geometric': (options) => megatron({ ...options, lengths: 'geometric' }),
  electra: (options, longest) => electra({ ...options, maxLength: longest }),
  modernbert,
  t5: (options) => t5({ ...options, sentinels: needed(options.sentinels) }),
  ul2: (options) => ul2({ ...options, sentinels: needed(options.sentinels) }),
} as const satisfies Record<string, (options: StrategyOptions, longest: number) => Strategy>;

/** A name that `--strategy` takes. */
export type StrategyName = keyof typeof strategies;

/** Strategies that hide whole words, which `--unit` says how to tell. */
export const wordStrategies: readonly StrategyName[] = [
  'bert-whole-word',
  'spanbert',
  'albert',
  'megatron',
  'megatron-geometric',
];

/** Strategies with BERT's budget, which `--max-predictions` caps. */
const capped: readonly StrategyName[] = [
  'bert',
  'bert-whole-word',
  'albert',
  'megatron',
  'megatron-geometric',
];
const corrupting: readonly StrategyName[] = ['t5', 'ul2'];
const names = Object.keys(strategies) as StrategyName[];
const masking = names.filter((name) => !corrupting.includes(name));

/** Options that only some strategies take. */
const takenBy = {
  rate: names.filter((name) => name !== 'ul2'),
  mask: masking,
  random: masking,
  keep: masking,
  randomWords: masking,
  unit: wordStrategies,
  maxPredictions: capped,
  meanLength: ['t5'],
  sentinels: corrupting,
  end: corrupting,
  modes: ['ul2'],
} as const satisfies Record<keyof StrategyOptions, readonly StrategyName[]>;

/**
 * Refuses options that a strategy would pass over.
 *
 * @throws {ArgumentError} naming the option and the strategies that take it.
 */
export function checkOptions(strategy: StrategyName, options: StrategyOptions): void {
  for (const [name, list] of Object.entries(takenBy)) {
    const value = options[name as keyof StrategyOptions];
    const takers: readonly string[] = list;
    if (value === undefined || takers.includes(strategy)) continue;
    const others = names.filter((other) => !takers.includes(other));
    throw new ArgumentError(
      `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      takers.length < others.length
        ? `given with ${takers.join(', ')} only`
        : `none with ${others.join(', ')}`,
      shown(value),
    );
  }
}

/** A value as it was written. */
function shown(value: NonNullable<StrategyOptions[keyof StrategyOptions]>): unknown {
  if (typeof value !== 'object') return value;
  return 'name' in value ? value.name : Object.values(value).join();
}

function needed(sentinels: Sentinels | undefined): Sentinels {
  if (sentinels !== undefined) return sentinels;
  throw new ArgumentError(
    '--sentinels',
    'ids that stand for spans, as first:count',
    sentinels,
    'the dataset has none: encode it with a tokenizer that has (`maskloom tokenizer train --sentinels`)',
  );
}
