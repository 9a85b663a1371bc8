import { numpy as np } from '@jax-js/jax';
import type { Parameters } from '../../model/parameters.ts';
import type { Tensor } from '../../model/tensor.ts';

/** Euclidean norm of all gradients together. Borrows them. */
export function gradientNorm(gradients: Parameters): Tensor {
  const squares = Object.values(gradients).map((gradient) => np.square(gradient.ref).sum());
  return np.sqrt(squares.reduce((sum, part) => sum.add(part)));
}

/** Scales gradients whose norm is above `limit` down to it (Pascanu et al. 2013, arXiv:1211.5063). Consumes them. */
export function clip(gradients: Parameters, norm: Tensor, limit: number): Parameters {
  const factor = np.minimum(np.array(limit).div(norm.add(1e-6)), 1);
  const clipped = Object.entries(gradients).map(
    ([name, gradient]) => [name, gradient.mul(factor.ref)] as const,
  );
  factor.dispose();
  return Object.fromEntries(clipped);
}
