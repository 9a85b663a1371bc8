import { numpy as np } from '@jax-js/jax';
import type { Tensor } from './tensor.ts';

/** Values summed at once: a running sum over a whole vocabulary would be a product as large as its square. */
const blockSize = 128;

/**
 * Draws a class for each row by inverting its cumulative distribution: the first class at which the running sum of
 * probabilities exceeds the row's number.
 *
 * @param probabilities Float [M, classes], each row's sum 1
 * @param uniform Float [M], from 0 to below 1
 * @returns Int32 [M]
 */
export function sample(probabilities: Tensor, uniform: Tensor): Tensor {
  const [rows, classes] = probabilities.shape as [number, number];
  const blocks = Math.ceil(classes / blockSize);
  const padding = blocks * blockSize - classes;
  const parts = np
    .pad(probabilities, [
      [0, 0],
      [0, padding],
    ])
    .reshape([rows, blocks, blockSize]);
  const sums = runningSum(parts.ref.sum(-1));
  const block = countUpTo(sums.ref, uniform.ref.reshape([rows, 1]), blocks - 1);
  const isBlock = np
    .equal(block.ref.reshape([rows, 1]), np.arange(blocks).reshape([1, blocks]))
    .astype(np.float32);
  const isBefore = np
    .less(np.arange(blocks).reshape([1, blocks]), block.ref.reshape([rows, 1]))
    .astype(np.float32);
  const chosen = parts.mul(isBlock.reshape([rows, blocks, 1])).sum(1);
  // Of the blocks before, the last has the largest running sum.
  const before = sums.mul(isBefore).max(-1);
  const rest = uniform.sub(before).reshape([rows, 1]);
  const within = countUpTo(runningSum(chosen), rest, blockSize - 1);
  return np.minimum(block.mul(blockSize).add(within), classes - 1);
}

/** Sums of the first 1, 2, … values: Float [M, n]. */
function runningSum(values: Tensor): Tensor {
  const count = values.shape[1]!;
  const isIncluded = np.lessEqual(
    np.arange(count).reshape([count, 1]),
    np.arange(count).reshape([1, count]),
  );
  return np.matmul(values, isIncluded.astype(np.float32));
}

/** How many of a row's values are at most its limit; at most `most`. */
function countUpTo(values: Tensor, limit: Tensor, most: number): Tensor {
  // A sum of integers is one that jax-js 0.1.25 can't compile for Wasm (docs/jax-js.md).
  const count = np.lessEqual(values, limit).astype(np.float32).sum(-1);
  return np.minimum(count, most).astype(np.int32);
}
