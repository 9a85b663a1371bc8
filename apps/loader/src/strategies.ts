import {
  type ActionOptions,
  albert,
  bert,
  bertWholeWord,
  electra,
  megatron,
  modernbert,
  roberta,
  type Strategy,
  spanbert,
  tokenMasking,
} from '@maskloom/core';

/** What the command line says of a strategy. */
export interface StrategyOptions extends ActionOptions {
  readonly rate?: number;
  readonly maxPredictions?: number;
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
export const cappedStrategies: readonly StrategyName[] = [
  'bert',
  'bert-whole-word',
  'albert',
  'megatron',
  'megatron-geometric',
];
