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
  /** For objectives with sentence order: where the second segment starts now. */
  segment?: number;
  /** For objectives with sentence order: 0 for the order of the text, 1 for swapped. */
  sentenceLabel?: 0 | 1;
}

/** A sample as a strategy sees it. */
export interface StrategyInput {
  /** Token ids, special tokens included. */
  readonly ids: ArrayLike<number>;
  /** Position where the second segment starts, if there is one. */
  readonly segment: number | undefined;
  /** For units of a column: 1 where a unit begins, else 0; as long as `ids`. */
  readonly units?: ArrayLike<number> | undefined;
}

/** What to hide. Made by `tokenMasking` and its like, or from a plan by `strategyFromPlan`. */
export interface Strategy<Plan extends StrategyPlan = StrategyPlan> {
  readonly plan: Plan;
  /** Masks one sample with the draws that stand at it; returns how many tokens it selected. */
  mask(input: StrategyInput, draws: Draws, vocab: VocabTables, out: MaskedOutput): number;
  /**
   * The strategy at another rate, in parts per million: what a schedule asks for.
   *
   * @throws {ArgumentError} where this one's rate is 0, so that its shares can't be told.
   */
  atRate(rate: number): Strategy<Plan>;
  /** A faster `mask` of the same bytes for one vocabulary, where this machine has one. */
  accelerate?(vocab: VocabTables): Strategy['mask'] | undefined;
}

/** The label of a token that the loss leaves out. */
export const ignoredLabel = -100;
