/**
 * @file The gradient of looking rows up in a table, without a scatter: equal ids are summed by a product
 * with rows of 0 and 1, and the sums are spread over the table by a gather. Both add in one order on every
 * device, so two runs give the same bits; and Deno's WebGPU rejects the atomics that a scatter uses.
 */
import { numpy as np } from '@jax-js/jax';
import type { Tensor } from '../model/tensor.ts';

/** Which rows of a batch belong to which row of the table, on the host. */
export interface TokenRows {
  /** Int32 [T]: the ids that occur, each once; then -1. */
  readonly unique: Int32Array<ArrayBuffer>;
  /** Int32 [vocab]: where an id is in `unique`; T for ids that do not occur. */
  readonly places: Int32Array<ArrayBuffer>;
}

/** Finds the ids that occur in a batch. */
export function tokenRows(ids: Int32Array, vocab: number): TokenRows {
  const unique = new Int32Array(ids.length).fill(-1);
  const places = new Int32Array(vocab).fill(ids.length);
  let count = 0;
  for (const id of ids) {
    if (places[id] !== ids.length) continue;
    places[id] = count;
    unique[count++] = id;
  }
  return { unique, places };
}

/**
 * The table's gradient [vocab, hidden] from that of the looked-up rows.
 *
 * @param gradient [T, hidden]
 * @param ids Int32 [T]
 */
export function spreadGradient(
  gradient: Tensor,
  ids: Tensor,
  unique: Tensor,
  places: Tensor,
): Tensor {
  const [tokens, hidden] = gradient.shape as [number, number];
  const same = np.equal(unique.reshape([tokens, 1]), ids.reshape([1, tokens])).astype(np.float32);
  const sums = np.matmul(same, gradient);
  return np.take(np.concatenate([sums, np.zeros([1, hidden])], 0), places, 0);
}
