import type { Sentinels } from '../vocab.ts';
import type { ActionPlan } from './action.ts';
import type { Denoiser } from './denoising/denoiser.ts';
import type { LengthTable } from './length-table.ts';
import type { RandomWordsPlan } from './random-words/random-words.ts';
import type { Selection } from './selection.ts';
import type { UnitKind } from './units.ts';

/**
 * The token strategy in a plan. A 16-bit draw `u` decides a token: `u < mask` masks it, else
 * `u < random` replaces it, else `u < select` keeps it but scores it, else it is not selected.
 * Each threshold is from 0 to 65536.
 */
export interface TokenStrategyPlan extends RandomWordsPlan {
  readonly type: 'token';
  readonly select: number;
  readonly random: number;
  readonly mask: number;
}

/** A strategy composed of units, lengths, selection and action, as a plan stores it. */
export interface UnitStrategyPlan {
  readonly type: 'units';
  readonly unit: UnitKind;
  /** Units of a span. */
  readonly lengths: LengthTable;
  readonly selection: Selection;
  readonly action: ActionPlan;
}

/** Sentence order, then the masking of what it leaves, as a plan stores it. */
export interface SentenceOrderPlan {
  readonly type: 'sentence-order';
  readonly masking: TokenStrategyPlan | UnitStrategyPlan;
}

/** Span corruption, whose input and target have lengths of their own, as a plan stores it. */
export interface SpanCorruptionPlan {
  readonly type: 'span-corruption';
  /** One of these hides tokens of a sample. */
  readonly denoisers: readonly Denoiser[];
  /** Which one: thresholds in 2^-32 for a draw, one less than there are denoisers. */
  readonly choice: LengthTable;
  readonly sentinels: Sentinels;
  /** A special id that ends the target. */
  readonly end?: number;
}

/** A strategy as the plan stores it: integers only, so that every machine computes the same. */
export type StrategyPlan =
  | TokenStrategyPlan
  | UnitStrategyPlan
  | SentenceOrderPlan
  | SpanCorruptionPlan;
