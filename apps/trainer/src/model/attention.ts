import { nn, numpy as np } from '@jax-js/jax';
import type { Dropout } from './dropout.ts';
import type { Precision } from './precision.ts';
import type { Tensor } from './tensor.ts';

/**
 * What is added to the scores of a query and a key: nothing if both are tokens of one sample, else enough for softmax
 * to give 0. So several samples may lie in a row, and padding is one that nothing reads.
 *
 * @param segments Int32 [rows, width]: the number of the sample in its row, from 1; 0 for padding.
 * @returns Float [rows, 1, width, width], of the encoder's precision
 */
export function attentionBias(segments: Tensor, precision: Precision): Tensor {
  const [rows, width] = segments.shape as [number, number];
  const same = np.equal(
    segments.ref.reshape([rows, 1, width, 1]),
    segments.reshape([rows, 1, 1, width]),
  );
  if (precision === 'float32') return np.where(same, 0, -1e9);
  // The most that half a float can be is 65,504.
  return np.where(same, 0, -3e4).astype(np.float16);
}

/**
 * Scaled dot-product attention (Vaswani et al. 2017, arXiv:1706.03762).
 *
 * @param query, key, value Float [rows, heads, width, size]
 * @returns Float [rows, width, heads * size]
 */
export function attend(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  bias: Tensor,
  dropout: Dropout,
): Tensor {
  const [rows, heads, width, size] = query.shape as [number, number, number, number];
  const scores = np.matmul(query, key.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(size));
  const shares = dropout.apply(nn.softmax(scores.add(bias), -1));
  const mixed = np.matmul(shares, value);
  return mixed.transpose([0, 2, 1, 3]).reshape([rows, width, heads * size]);
}

/** [rows, width, heads * size] as [rows, heads, width, size]. */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const [rows, width, hidden] = x.shape as [number, number, number];
  return x.reshape([rows, width, heads, hidden / heads]).transpose([0, 2, 1, 3]);
}
