/**
 * @file Permutations of 0..N-1 in constant memory, so that any position can be asked for at any time. A
 * balanced Feistel network (six rounds of Philox) permutes the numbers of just enough bits; numbers of N and
 * above are walked on until one falls below N.
 */
import { type Permutation as CorePermutation, createPermutation } from '@maskloom/core';

const rounds = 6;

/** A bijection of 0..N-1. */
export type Permutation = (position: number) => number;

/** The permutation of 0..count-1 whose round function draws 32 bits for a round, 0 to 5, and half a number. */
export function permutation(
  count: number,
  draw: (round: number, half: number) => number,
): Permutation {
  const bits = count <= 1 ? 0 : bitLength(count - 1);
  const lowSize = 2 ** Math.floor(bits / 2);
  const highSize = 2 ** (bits - Math.floor(bits / 2));

  return (position) => {
    let value = position;
    do {
      let high = Math.floor(value / lowSize);
      let low = value - high * lowSize;
      for (let round = 0; round < rounds; round += 2) {
        high = (high ^ (draw(round, low) & (highSize - 1))) >>> 0;
        low = (low ^ (draw(round + 1, high) & (lowSize - 1))) >>> 0;
      }
      value = high * lowSize + low;
    } while (value >= count);
    return value;
  };
}

/** What of a dataset an epoch permutes; spec section 6. */
export const permuted = {
  /** All its rows. */
  rows: 0,
  /** Its shards, or the windows that its rows are in. */
  groups: 1,
  /** What is in one window. */
  window: 2,
  /** Blocks of rows, on their way into windows: once for all epochs. */
  blocks: 3,
} as const;

/** Where the draws of a dataset's permutations are. */
export interface OrderDraws {
  readonly seed: bigint;
  readonly epoch: number;
  /** The number of the dataset in the plan. */
  readonly dataset: number;
}

/**
 * A permutation of an epoch: its draws are word 0 of the blocks with counter
 * `(5 * 2^24 + 32 * dataset + 8 * what + round, epoch, half, window)`.
 *
 * @param what one of `permuted`
 * @param window which window, for `permuted.window`
 */
export function epochPermutation(
  count: number,
  { seed, epoch, dataset }: OrderDraws,
  what: number,
  window = 0,
): CorePermutation | undefined {
  if (count === 0) return undefined;
  return createPermutation(count, seed, epoch, { firstRound: 32 * dataset + 8 * what, window });
}

/** The same, position by position. */
export function orderPermutation(
  count: number,
  draws: OrderDraws,
  what: number,
  window = 0,
): Permutation {
  const { at } = epochPermutation(count, draws, what, window) ?? {
    at: (position: number) => position,
  };
  return at;
}

/** Number of binary digits of an integer from 1 to 2^53-1. */
function bitLength(value: number): number {
  return value.toString(2).length;
}
