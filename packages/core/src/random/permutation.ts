/**
 * @file A permutation of 0..N-1 in constant memory, so that any position can be asked for at any time. A balanced
 * Feistel network (six rounds of Philox) permutes the numbers of just enough bits; numbers of N and above are walked on
 * until one falls below N.
 */
import { ArgumentError } from '../errors.ts';
import { permuteRange } from '../kernel/permutation-kernel.ts';
import * as op from './ops.ts';
import { philox4x32 } from './philox.ts';
import { toUint32, toUint64, type Uint64 } from './uint64.ts';

const rounds = 6;

/** A permutation of 0..size-1. */
export interface Permutation {
  /** From 1 to 2^53-1. */
  readonly size: number;
  /** The number at a position from 0 to size-1. */
  at(position: number): number;
  /** The numbers at as many positions as `out` holds, from `start` on: the same as one by one, and much faster. */
  range(start: number, out: Float64Array): void;
}

/** Which of the permutations of a seed and an epoch. */
export interface PermutationOptions {
  /** Number of its first round, from 0 to 2^24-6: those of two permutations must not meet. Default 0. */
  readonly firstRound?: number;
  /** The last word of its counters, from 0 to 2^32-1. Default 0. */
  readonly window?: number;
}

/**
 * A permutation that a seed and an epoch give. Its draws are word 0 of the blocks with counter
 * `(5 * 2^24 + firstRound + round, epoch, half, window)`.
 *
 * @throws {ArgumentError} for a size, seed or epoch out of range; from `at` and `range` for positions that are.
 *
 * @example
 * ```ts
 * import { createPermutation } from '@maskloom/core';
 * const order = createPermutation(1_000_000, 42n, 3);
 * console.log(order.at(999_999)); // the row at the last position of epoch 3
 * const rows = new Float64Array(32);
 * order.range(64, rows); // the rows at positions 64 to 95
 * ```
 */
export function createPermutation(
  size: number,
  seed: Uint64,
  epoch: number,
  options: PermutationOptions = {},
): Permutation {
  const { firstRound = 0, window = 0 } = options;
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new ArgumentError('size', 'an integer from 1 to 2^53-1', size);
  }
  toUint32('epoch', epoch);
  toUint32('window', window);
  if (!Number.isInteger(firstRound) || firstRound < 0 || firstRound > 2 ** 24 - rounds) {
    throw new ArgumentError('firstRound', 'an integer from 0 to 2^24-6', firstRound);
  }
  const key = toUint64('seed', seed);
  const keyLow = Number(key & 0xffffffffn);
  const keyHigh = Number(key >> 32n);
  const digits = size === 1 ? 0 : (size - 1).toString(2).length;
  const lowDigits = Math.floor(digits / 2);
  const lowSize = 2 ** lowDigits;
  const highSize = 2 ** (digits - lowDigits);
  const block = new Uint32Array(4);

  function round(number: number, half: number, halfSize: number): number {
    const counter = ((op.order << 24) | (firstRound + number)) >>> 0;
    philox4x32(block, counter, epoch, half, window, keyLow, keyHigh);
    return (block[0]! & (halfSize - 1)) >>> 0;
  }

  function checkPositions(start: number, count: number): void {
    if (Number.isInteger(start) && start >= 0 && start + count <= size) return;
    throw new ArgumentError('position', `integers from 0 to ${size - 1}`, start);
  }

  function at(position: number): number {
    let value = position;
    do {
      let high = Math.floor(value / lowSize);
      let low = value - high * lowSize;
      for (let number = 0; number < rounds; number += 2) {
        high = (high ^ round(number, low, highSize)) >>> 0;
        low = (low ^ round(number + 1, high, lowSize)) >>> 0;
      }
      value = high * lowSize + low;
    } while (value >= size);
    return value;
  }

  return {
    size,
    at(position) {
      checkPositions(position, 1);
      return at(position);
    },
    range(start, out) {
      checkPositions(start, out.length);
      const halves = { highDigits: digits - lowDigits, lowDigits };
      const network = { size, ...halves, keyLow, keyHigh, epoch, firstRound, window };
      if (permuteRange(network, start, out)) return;
      for (let index = 0; index < out.length; index++) out[index] = at(start + index);
    },
  };
}
