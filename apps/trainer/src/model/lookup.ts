/**
 * @file Reading rows of tables and of states, outside of what is differentiated: the derivative of a gather is a scatter, which adds
 * in no fixed order (and which Deno's WebGPU rejects). Rows that are read at most once have another gather as their
 * derivative; those of tables are summed on the host.
 */
import { numpy as np } from '@jax-js/jax';
import type { Tables } from './encoders/encoder.ts';
import type { Tensor } from './tensor.ts';
import type { Weights } from './weights.ts';

/**
 * What the tables say of each token, summed: Float [rows, width, embedding].
 *
 * @param ids, sentences Int32 [T]
 * @param places Int32 [rows, width]
 */
export function embed(
  { token, place, sentence }: Tables,
  weights: Weights,
  { ids, places, sentences }: { ids: Tensor; places: Tensor; sentences: Tensor },
): Tensor {
  const [rows, width] = places.shape as [number, number];
  let sum = np.take(weights.get(token.name), ids, 0);
  if (place !== undefined) {
    sum = sum.add(np.take(weights.get(place.name), places.ref.reshape([-1]), 0));
  }
  if (sentence !== undefined) sum = sum.add(np.take(weights.get(sentence.name), sentences.ref, 0));
  places.dispose();
  sentences.dispose();
  return sum.reshape([rows, width, token.shape[1]!]);
}

/** States at some positions: Float32 [P, hidden]. Where a position is -1, those of another. */
export function statesAt(states: Tensor, picked: Tensor): Tensor {
  const hidden = states.shape.at(-1)!;
  const rows = np.take(states.reshape([-1, hidden]), np.maximum(picked, 0), 0);
  return rows.astype(np.float32);
}

/** The gradient by all states, of that by states at some positions: its transpose. */
export function spreadStates(gradient: Tensor, pickedAt: Tensor, shape: readonly number[]): Tensor {
  const hidden = gradient.shape[1]!;
  const rows = np.concatenate([gradient, np.zeros([1, hidden])], 0);
  return np.take(rows, pickedAt, 0).reshape([...shape]);
}
