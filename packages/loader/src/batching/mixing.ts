/**
 * @file Mixing of weighted datasets: of every S draws in a row, S the sum of the weights, each dataset has
 * exactly its weight. Which, is permuted, and can be told of any draw by itself.
 */
import { ArgumentError, op, philox4x32 } from '@maskloom/core';
import { permutation } from './permutation.ts';
import { lastAtMost, startsOf } from './starts.ts';

/** Largest sum of weights. */
export const mostWeight = 65536;

/** Which dataset a draw is from, and which of its own draws it is. */
export interface MixedDraw {
  readonly dataset: number;
  readonly draw: number;
}

/** Checks the weights of a plan's datasets. */
export function checkWeights(weights: readonly unknown[]): void {
  let sum = 0;
  for (const [index, weight] of weights.entries()) {
    if (!Number.isInteger(weight) || (weight as number) < 1) {
      throw new ArgumentError(`datasets[${index}].weight`, 'an integer from 1', weight);
    }
    sum += weight as number;
  }
  if (sum > mostWeight) {
    throw new ArgumentError(
      'sum of the weights',
      `at most ${mostWeight}`,
      sum,
      'choose smaller ones',
    );
  }
}

/**
 * The draws of a mixture, by their number in the run.
 *
 * @param weights of the datasets, integers from 1
 */
export function mixture(weights: readonly number[], seed: bigint): (number: number) => MixedDraw {
  const starts = startsOf(weights);
  const firsts = starts.subarray(0, -1);
  const sum = starts.at(-1)!;
  const key0 = Number(seed & 0xffffffffn);
  const key1 = Number(seed >> 32n);
  const block = new Uint32Array(4);
  let window = 0;
  const placeOf = permutation(sum, (round, half) => {
    const counter = ((op.mix << 24) | (8 * half + round)) >>> 0;
    philox4x32(block, counter, 0, window >>> 0, Math.floor(window / 2 ** 32), key0, key1);
    return block[0]!;
  });

  return (number) => {
    window = Math.floor(number / sum);
    const place = placeOf(number - window * sum);
    const dataset = lastAtMost(firsts, place);
    return { dataset, draw: window * weights[dataset]! + place - starts[dataset]! };
  };
}
