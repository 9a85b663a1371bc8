import { numpy as np } from '@jax-js/jax';
import type { Parameters } from '../../model/parameters.ts';
import type { Tensor } from '../../model/tensor.ts';

/** Euclidean norm of all gradients together. Consumes them. */
export function gradientNorm(gradients: Parameters): Tensor {
  const squares = Object.values(gradients).map((gradient) => np.square(gradient).sum());
  return np.sqrt(squares.reduce((sum, part) => sum.add(part)));
}

/** What gradients of a norm are multiplied by, so that none is above `limit`; 0 for no limit (Pascanu et al. 2013, arXiv:1211.5063). */
export function clipFactor(norm: number, limit: number): number {
  return limit > 0 ? Math.min(1, limit / (norm + 1e-6)) : 1;
}
