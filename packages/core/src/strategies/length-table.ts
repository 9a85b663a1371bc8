import { ArgumentError } from '../errors.ts';

/**
 * How many units a span has: cumulative thresholds in 2^-32. A draw `u` of 32 bits gives
 * `1 + (number of thresholds <= u)`. Empty: always one.
 */
export type LengthTable = readonly number[];

/** Every span is one unit. */
export const singleUnit: LengthTable = [];

/** Weights of the lengths 1, 2, 3, … as a table. */
export function tableOf(weights: readonly number[]): LengthTable {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return weights.slice(0, -1).map((weight) => {
    sum += weight;
    return Math.floor((sum / total) * 2 ** 32);
  });
}

function geometricWeights(p: number, max: number): number[] {
  checkMax(max);
  if (!(p > 0 && p < 1)) throw new ArgumentError('p', 'a number between 0 and 1', p);
  const weights = [p];
  // Products only: Math.pow may differ between machines.
  while (weights.length < max) weights.push(weights[weights.length - 1]! * (1 - p));
  return weights;
}

/**
 * Geometric lengths, cut at `max` and renormalised, as SpanBERT's code draws them (Joshi et al. 2020,
 * arXiv:1907.10529 §3.1): p 0.2 and max 10 have mean 3.797.
 */
export function truncatedGeometric(p: number, max: number): LengthTable {
  return tableOf(geometricWeights(p, max));
}

/**
 * Geometric lengths where all that is longer than `max` becomes `max`, as Megatron draws them: p 0.2 and
 * max 10 have mean 4.463.
 */
export function clippedGeometric(p: number, max: number): LengthTable {
  const weights = geometricWeights(p, max);
  const rest = weights.slice(0, -1).reduce((sum, weight) => sum + weight, 0);
  weights[max - 1] = 1 - rest;
  return tableOf(weights);
}

/** n-grams with P(n) proportional to 1/n, as ALBERT and Megatron draw them. */
export function inverseLengths(max: number): LengthTable {
  checkMax(max);
  return tableOf(Array.from({ length: max }, (_, index) => 1 / (index + 1)));
}

function checkMax(max: number): void {
  if (!Number.isInteger(max) || max < 1 || max > 256) {
    throw new ArgumentError('max', 'an integer from 1 to 256', max);
  }
}

/** Checks a table from a plan. */
export function checkTable(argument: string, table: LengthTable): LengthTable {
  if (!Array.isArray(table) || table.length > 255) {
    throw new ArgumentError(argument, 'an array of at most 255 thresholds', table);
  }
  let previous = 0;
  for (const threshold of table as readonly unknown[]) {
    if (!Number.isInteger(threshold) || (threshold as number) < previous) {
      throw new ArgumentError(argument, 'ascending integers from 0', threshold);
    }
    previous = threshold as number;
  }
  if (previous > 2 ** 32) throw new ArgumentError(argument, 'thresholds up to 2^32', previous);
  return table;
}

/** The length that a draw of 32 bits gives, signed or not. */
export function drawLength(table: LengthTable, draw: number): number {
  const bits = draw >>> 0;
  let reached = 0;
  while (reached < table.length && bits >= table[reached]!) reached++;
  return 1 + reached;
}
