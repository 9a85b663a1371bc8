/** @file What encoders and heads are made of. All consume the tensors that they are given. */
import { nn, numpy as np } from '@jax-js/jax';
import type { Tensor } from './tensor.ts';
import type { Weights } from './weights.ts';

/** `x * weightᵀ + bias`, without the bias where there is none. */
export function linear(x: Tensor, weights: Weights, name: string): Tensor {
  const product = np.matmul(x, weights.get(`${name}.weight`).transpose());
  return weights.has(`${name}.bias`) ? product.add(weights.get(`${name}.bias`)) : product;
}

/** Layer normalisation over the last axis (Ba et al. 2016, arXiv:1607.06450). */
export function normalise(x: Tensor, weights: Weights, name: string, epsilon = 1e-12): Tensor {
  // Not nn.standardize: it changes the type of half floats on the way, which jax-js can't differentiate.
  const share = 1 / x.shape.at(-1)!;
  const mean = x.ref.sum(-1, { keepdims: true }).mul(share);
  const centred = x.sub(mean);
  const variance = np.square(centred.ref).sum(-1, { keepdims: true }).mul(share);
  // Half a float has no smaller one that is not 0.
  const least = centred.dtype === np.float16 ? Math.max(epsilon, smallestHalf) : epsilon;
  const scaled = centred.div(np.sqrt(variance.add(least))).mul(weights.get(`${name}.weight`));
  return weights.has(`${name}.bias`) ? scaled.add(weights.get(`${name}.bias`)) : scaled;
}

const smallestHalf = 2 ** -24;

/** The exact GELU (Hendrycks & Gimpel 2016, arXiv:1606.08415), not its approximation by tanh. */
export function gelu(x: Tensor): Tensor {
  return nn.gelu(x, { approximate: false });
}
