import { numpy as np } from '@jax-js/jax';
import type { Tensor } from '../../model/tensor.ts';
import { adamW } from './adamw.ts';
import type { Direction } from './optimizer.ts';

/**
 * LAMB (You et al. 2020, arXiv:1904.00962): AdamW's direction, as long as the tensor that it moves. Biases and norms, which
 * have no decay, keep AdamW's length, as in the authors' code.
 */
export const lamb: Direction = (value, adam, options) => {
  if (value.ndim < 2) return adamW(value, adam, options);
  const size = norm(value.ref);
  const direction = adamW(value, adam, options);
  const length = norm(direction.ref);
  const isZero = np.equal(size.ref.mul(length.ref), 0);
  // Where one of them is 0 there is no ratio, and none is made.
  const ratio = np.where(isZero.ref, 1, size.div(np.where(isZero, 1, length)));
  return direction.mul(ratio);
};

function norm(tensor: Tensor): Tensor {
  return np.sqrt(np.square(tensor).sum());
}
