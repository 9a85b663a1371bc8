/** @file How the samples of a window become rows or batches. */
import { BestFit } from './best-fit.ts';
import type { RowsPlan } from './rows-plan.ts';
import { drawnOrder, longestFirst } from './windows.ts';

/** A window in an epoch: numbers of its samples, and where each row (packed) or batch starts among them. */
export interface CutWindow {
  readonly numbers: Uint32Array;
  /** One more than there are rows or batches. */
  readonly starts: Uint32Array;
}

/** What cutting a window goes by. */
export interface Cutting {
  readonly rows: RowsPlan;
  readonly batch: number;
  readonly last: 'drop' | 'short' | 'fill';
  /** Whether an epoch draws the order of samples; else it is that of their places. */
  readonly drawn: boolean;
  readonly seed: bigint;
}

/**
 * Cuts a window.
 *
 * @param lengths of its samples
 * @param sample where its draws are
 */
export function cutWindow(
  { rows, batch, last, drawn, seed }: Cutting,
  lengths: Uint32Array,
  epoch: number,
  sample: bigint,
): CutWindow {
  const size = lengths.length;
  const list = drawn
    ? drawnOrder(size, seed, epoch, sample)
    : new Uint32Array(size).map((_, number) => number);
  if (rows.type === 'buckets') {
    const kept = wholeBatches(list, batch, last);
    return { numbers: longestFirst(kept, lengths), starts: everyNth(kept.length, batch) };
  }
  const sorted = longestFirst(list, lengths);
  if (rows.type === 'tokens') {
    return { numbers: sorted, starts: byTokens(sorted, lengths, rows.max, batch) };
  }
  return pack(sorted, lengths, rows.length);
}

/** Batches that a window of so many samples gives with buckets. */
export function bucketBatches(size: number, batch: number, last: Cutting['last']): number {
  return last === 'drop' ? Math.floor(size / batch) : Math.ceil(size / batch);
}

/** What a window's lengths alone tell of its rows or batches: how many, and the most samples of a row. */
export interface UnitCount {
  readonly units: number;
  readonly mostSamples: number;
}

/** Counts the rows or batches that a window gives, in whatever epoch. */
export function countUnits(
  { rows, batch, last }: Pick<Cutting, 'rows' | 'batch' | 'last'>,
  lengths: Uint32Array,
): UnitCount {
  if (rows.type === 'buckets') {
    return { units: bucketBatches(lengths.length, batch, last), mostSamples: 1 };
  }
  const sorted = lengths.slice().sort().reverse();
  if (rows.type === 'tokens') {
    let units = 0;
    for (let start = 0; start < sorted.length; units++) {
      start += rowsWithin(rows.max, batch, sorted[start]!);
    }
    return { units, mostSamples: 1 };
  }
  const fit = bestFit(rows.length);
  const samples = new Uint32Array(sorted.length);
  let mostSamples = 0;
  for (const length of sorted) {
    mostSamples = Math.max(mostSamples, ++samples[fit.put(length)]!);
  }
  return { units: fit.rows, mostSamples };
}

/** A list in whole batches, but for a short one at its end. */
function wholeBatches(list: Uint32Array, batch: number, last: Cutting['last']): Uint32Array {
  const { length } = list;
  if (last === 'short' || length % batch === 0) return list;
  const kept = bucketBatches(length, batch, last) * batch;
  if (kept <= length) return list.subarray(0, kept);
  return Uint32Array.from({ length: kept }, (_, index) => list[index % length]!);
}

function everyNth(length: number, step: number): Uint32Array {
  const count = Math.ceil(length / step);
  return Uint32Array.from({ length: count + 1 }, (_, index) => Math.min(index * step, length));
}

/** Batches of as many samples, the longest first, as have room with padding. */
function byTokens(
  sorted: Uint32Array,
  lengths: Uint32Array,
  most: number,
  batch: number,
): Uint32Array {
  const starts = [0];
  for (let start = 0; start < sorted.length; ) {
    start += rowsWithin(most, batch, lengths[sorted[start]!]!);
    starts.push(Math.min(start, sorted.length));
  }
  return Uint32Array.from(starts);
}

/** Rows of a batch whose longest sample has so many tokens. */
function rowsWithin(most: number, batch: number, longest: number): number {
  return longest === 0 ? batch : Math.min(batch, Math.floor(most / longest));
}

function pack(sorted: Uint32Array, lengths: Uint32Array, length: number): CutWindow {
  const fit = bestFit(length);
  const rowOf = sorted.map((number) => fit.put(lengths[number]!));
  const starts = new Uint32Array(fit.rows + 1);
  for (const row of rowOf) starts[row + 1]!++;
  for (let row = 0; row < fit.rows; row++) starts[row + 1]! += starts[row]!;
  const ends = starts.slice();
  const numbers = new Uint32Array(sorted.length);
  sorted.forEach((number, index) => {
    numbers[ends[rowOf[index]!]!++] = number;
  });
  return { numbers, starts };
}

let kept: { length: number; fit: BestFit } | undefined;

/** One for all windows of a row's length. */
function bestFit(length: number): BestFit {
  if (kept?.length !== length) kept = { length, fit: new BestFit(length) };
  else kept.fit.clear();
  return kept.fit;
}
