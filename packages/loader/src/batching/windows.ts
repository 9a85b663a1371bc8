/**
 * @file Windows: the samples that are packed, or sorted into batches, together. Which samples a window has is
 * fixed by the plan, not by the epoch.
 */
import { createDraws, op } from '@maskloom/core';
import type { OrderPlan } from './order.ts';
import { orderPermutation, type Permutation, permuted } from './permutation.ts';

/** Rows that go to windows together, so that reading stays local. */
const blockRows = 64;

/** Number of windows; the last has what the others leave, up to twice as many samples. */
export function windowCount(rows: number, window: number): number {
  return rows === 0 ? 0 : Math.max(1, Math.floor(rows / window));
}

/** The row that stands at a place; a window has a range of places. */
export type Placement = Permutation;

/** Where the samples of a dataset of `rows` rows are placed in windows. */
export function placementOf(
  order: OrderPlan,
  rows: number,
  seed: bigint,
  dataset: number,
): Placement {
  if (order !== 'global') return (place) => place;
  const blocks = Math.floor(rows / blockRows);
  const blockAt = orderPermutation(blocks, { seed, epoch: 0, dataset }, permuted.blocks);
  let current = -1;
  let first = 0;
  return (place) => {
    const number = Math.floor(place / blockRows);
    // What is left of a last block stays where it is.
    if (number >= blocks) return place;
    if (number !== current) {
      first = blockAt(number) * blockRows;
      current = number;
    }
    return first + (place - number * blockRows);
  };
}

/**
 * The numbers 0..size-1 in an epoch's order of a window: by ascending `word(pack, number)`, ties by the lower.
 *
 * @param sample where the window's draws are: the dataset's base plus the window's number
 */
export function drawnOrder(size: number, seed: bigint, epoch: number, sample: bigint): Uint32Array {
  const draws = createDraws(seed).at(epoch, sample);
  // Windows have fewer than 2^21 samples: draw and number fit a double's 53 bits.
  const keys = new Float64Array(size);
  for (let number = 0; number < size; number++) {
    keys[number] = draws.word(op.pack, number) * 2 ** 21 + number;
  }
  keys.sort();
  // Not `Uint32Array.from`: it iterates, several times as slowly.
  const numbers = new Uint32Array(size);
  for (let at = 0; at < size; at++) numbers[at] = keys[at]! % 2 ** 21;
  return numbers;
}

/** Sorts by length, the longest first; those of equal length stay in their order. */
export function longestFirst(numbers: Uint32Array, lengths: Uint32Array): Uint32Array {
  let longest = 0;
  for (const number of numbers) if (lengths[number]! > longest) longest = lengths[number]!;
  const starts = new Uint32Array(longest + 2);
  for (const number of numbers) starts[longest - lengths[number]! + 1]!++;
  for (let length = 0; length <= longest; length++) starts[length + 1]! += starts[length]!;
  const sorted = new Uint32Array(numbers.length);
  for (const number of numbers) sorted[starts[longest - lengths[number]!]!++] = number;
  return sorted;
}
