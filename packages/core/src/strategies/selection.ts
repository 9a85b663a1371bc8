import { ArgumentError } from '../errors.ts';
import type { Draws } from '../random/draws.ts';
import * as op from '../random/ops.ts';
import { million } from './rate.ts';

/** Each unit for itself: selected if `half(select, first position) < select`. */
export interface BernoulliSelection {
  readonly type: 'bernoulli';
  /** 0 to 65536. */
  readonly select: number;
}

/** So many tokens of a sample, by its length with special tokens. */
export interface BudgetSelection {
  readonly type: 'budget';
  /** Parts per million of the sample's tokens. */
  readonly rate: number;
  /**
   * What becomes of a fraction: `half-even` (BERT: to the nearest, halves to the even number), `up`
   * (SpanBERT), or `chance` (fairseq: up with the fraction's probability).
   */
  readonly rounding: 'half-even' | 'up' | 'chance';
  /** Smallest budget, where the rate is above 0. */
  readonly least: 0 | 1;
  /** Largest budget. */
  readonly most?: number;
  /**
   * What the spans start at, uniformly: a unit, or a token, so that longer words come first more often
   * (SpanBERT).
   */
  readonly anchor: 'unit' | 'token';
  /** What becomes of a span that meets one chosen before: dropped (ALBERT), or joined (SpanBERT). */
  readonly overlap: 'drop' | 'join';
}

export type Selection = BernoulliSelection | BudgetSelection;

/** How many tokens of a sample of `length` tokens to select. */
export function budgetOf(selection: BudgetSelection, length: number, draws: Draws): number {
  const { rate, rounding, least, most = Number.POSITIVE_INFINITY } = selection;
  if (rate === 0 || length === 0) return 0;
  const product = rate * length;
  const whole = Math.floor(product / million);
  const rest = product - whole * million;
  let budget = whole;
  if (rounding === 'up') budget += rest > 0 ? 1 : 0;
  else if (rounding === 'half-even') {
    if (rest * 2 > million || (rest * 2 === million && whole % 2 === 1)) budget++;
  } else if (draws.word(op.count, 0) * million >= (million - rest) * 2 ** 32) budget++;
  return Math.min(most, Math.max(least, budget));
}

/** Checks a selection from a plan; returns what it knows of it. */
export function checkSelection(selection: Selection): Selection {
  const check = (holds: boolean, name: string, expected: string, actual: unknown) => {
    if (!holds) throw new ArgumentError(`strategy.selection.${name}`, expected, actual);
  };
  const isInteger = (value: unknown, least: number, most: number) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  if (selection?.type === 'bernoulli') {
    check(isInteger(selection.select, 0, 65536), 'select', '0 to 65536', selection.select);
    return { type: 'bernoulli', select: selection.select };
  }
  check(selection?.type === 'budget', 'type', '"bernoulli" or "budget"', selection?.type);
  const { rate, rounding, least, most, anchor, overlap } = selection as BudgetSelection;
  check(isInteger(rate, 0, million), 'rate', 'an integer from 0 to 1000000', rate);
  check(
    ['half-even', 'up', 'chance'].includes(rounding),
    'rounding',
    '"half-even", "up" or "chance"',
    rounding,
  );
  check(isInteger(least, 0, 1), 'least', '0 or 1', least);
  check(most === undefined || isInteger(most, 0, 2 ** 31 - 1), 'most', 'an integer from 0', most);
  check(anchor === 'unit' || anchor === 'token', 'anchor', '"unit" or "token"', anchor);
  check(overlap === 'drop' || overlap === 'join', 'overlap', '"drop" or "join"', overlap);
  const rest = { rate, rounding, least, anchor, overlap };
  return { type: 'budget', ...rest, ...(most === undefined ? {} : { most }) };
}
