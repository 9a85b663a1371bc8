import type { KernelRoom } from '../kernel/kernel-memory.ts';
import type { Draws } from '../random/draws.ts';
import type { VocabTables } from '../vocab.ts';
import type { StrategyPlan } from './strategy-plan.ts';

/** Any integer array that token ids can be written to. */
export type IntegerArray = Uint16Array | Uint32Array | Int32Array;

/** Where masked tokens are written. */
export interface Columns {
  /** The ids the model sees. */
  readonly inputIds: IntegerArray;
  /** The original id where a token was selected, -100 elsewhere; or what the decoder is to write. */
  readonly labels: Int32Array;
}

/**
 * Where a masked sample is written: two arrays at least as long as the sample, or as the capacity that a
 * sequence-to-sequence strategy asks for.
 */
export interface MaskedOutput extends Columns {
  /** For objectives with sentence order: where the second segment starts now. */
  segment?: number;
  /** For objectives with sentence order: 0 for the order of the text, 1 for swapped. */
  sentenceLabel?: 0 | 1;
  /** For sequence-to-sequence strategies: how many input ids and how many labels were written. */
  inputLength?: number;
  labelLength?: number;
}

/** How long the outputs of masking get. */
export interface OutputLengths {
  readonly inputs: number;
  readonly labels: number;
}

/** A sample as a strategy sees it. */
export interface StrategyInput {
  /** Token ids, special tokens included. */
  readonly ids: ArrayLike<number>;
  /** Position where the second segment starts, if there is one. */
  readonly segment?: number | undefined;
  /** For units of a column: 1 where a unit begins, else 0; as long as `ids`. */
  readonly units?: ArrayLike<number> | undefined;
}

/** What to hide. Made by `tokenMasking` and its like, or from a plan by `strategyFromPlan`. */
export interface Strategy<Plan extends StrategyPlan = StrategyPlan> {
  readonly plan: Plan;
  /**
   * Masks one sample, as it was arranged, with the draws that stand at it, into the columns from `start` on; returns
   * how many tokens it selected.
   */
  mask(
    input: StrategyInput,
    draws: Draws,
    vocab: VocabTables,
    out: MaskedOutput,
    start: number,
  ): number;
  /**
   * The strategy at another rate, in parts per million: what a schedule asks for.
   *
   * @throws {ArgumentError} where this one's rate is 0, so that its shares can't be told.
   */
  atRate(rate: number): Strategy<Plan>;
  /**
   * What comes before masking, for strategies that also arrange the sample: the sample as it is masked, and in
   * `out` where its second segment starts and how it was arranged.
   */
  arrange?(input: StrategyInput, draws: Draws, out: Arrangement): StrategyInput;
  /** A faster way to the same bytes, after arranging, where this machine has one for the vocabulary. */
  accelerate?(vocab: VocabTables, room?: KernelRoom): RowKernel | undefined;
  /**
   * For sequence-to-sequence strategies, whose outputs have lengths of their own: the longest that a sample
   * can give, whatever is drawn. Without it, both are as long as the sample.
   */
  capacity?(ids: ArrayLike<number>, vocab: VocabTables): OutputLengths;
  /**
   * For strategies that need more of a vocabulary than all do, such as sentinels or counts: checks that it is there,
   * and makes the tables that they draw by.
   *
   * @throws {ArgumentError} if it is not.
   */
  prepare?(vocab: VocabTables): void;
}

/** What arranging a sample tells. */
export interface Arrangement {
  segment?: number | undefined;
  sentenceLabel?: 0 | 1 | undefined;
}

/** Masks sample after sample: takes one at a time, and masks together those that wait. */
export interface RowKernel {
  /** Begins with samples that go to these columns. */
  begin(out: Columns, draws: Draws): void;
  /**
   * Takes the sample that the draws stand at, to mask it into the columns from `start` on and to fill them with the pad id and -100 up to `end`;
   * false where it has to be masked otherwise.
   */
  add(input: StrategyInput, start: number, end: number): boolean;
  /** Masks the samples that wait; returns how many tokens it selected since `begin`. */
  finish(): number;
}

/** The label of a token that the loss leaves out. */
export const ignoredLabel = -100;
