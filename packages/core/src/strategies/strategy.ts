import type { Draws } from '../random/draws.ts';
import type { VocabTables } from '../vocab.ts';
import type { StrategyPlan } from './strategy-plan.ts';

/** Any integer array that token ids can be written to. */
export type IntegerArray = Uint16Array | Uint32Array | Int32Array;

/** Where a masked sample is written: two arrays at least as long as the sample. */
export interface MaskedOutput {
  /** The ids the model sees. */
  readonly inputIds: IntegerArray;
  /** The original id where a token was selected, -100 elsewhere. */
  readonly labels: Int32Array;
}

/** What to hide. Made by `tokenMasking` and its like, or from a plan by `strategyFromPlan`. */
export interface Strategy<Plan extends StrategyPlan = StrategyPlan> {
  readonly plan: Plan;
  /** Masks one sample with the draws that stand at it; returns how many tokens it selected. */
  mask(ids: ArrayLike<number>, draws: Draws, vocab: VocabTables, out: MaskedOutput): number;
}

/** The label of a token that the loss leaves out. */
export const ignoredLabel = -100;
