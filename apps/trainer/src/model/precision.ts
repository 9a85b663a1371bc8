/**
 * @file Half precision for the encoder, where a device has it (Micikevicius et al. 2018, arXiv:1710.03740). Parameters, heads,
 * losses and updates stay in float32. jax-js can't differentiate through a change of type, so types change outside of
 * what is differentiated: at the embeddings, and where states are read.
 */
import { numpy as np, tree } from '@jax-js/jax';
import type { Parameters } from './parameters.ts';
import type { Tensor } from './tensor.ts';

/** What an encoder computes in. */
export type Precision = 'float32' | 'float16';

/** What the largest value of a gradient is scaled to before it goes back through an encoder in half precision. */
const largest = 256;

/** Copies of tensors in a precision. Consumes them. */
export function inPrecision<Tensors extends Parameters | readonly Tensor[]>(
  tensors: Tensors,
  precision: Precision,
): Tensors {
  if (precision === 'float32') return tensors;
  return tree.map((tensor: Tensor) => tensor.astype(np.float16), tensors as never) as never;
}

/**
 * Takes a gradient back through an encoder: in half precision scaled so that small values do not vanish, and with the scale
 * taken out again. The scale is a power of two, which rounds nothing, and follows from the gradient alone.
 */
export function pullBackIn(
  precision: Precision,
  gradient: Tensor,
  pullBack: (gradient: Tensor) => [Parameters, Tensor],
): [Parameters, Tensor] {
  if (precision === 'float32') return pullBack(gradient);
  const size = np.maximum(np.absolute(gradient.ref).max(), 1e-30);
  const scale = np.exp2(np.floor(np.log2(np.array(largest).div(size))));
  const [gradients, rows] = pullBack(gradient.mul(scale.ref).astype(np.float16));
  const unscale = (tensor: Tensor): Tensor => tensor.astype(np.float32).div(scale.ref);
  const result: [Parameters, Tensor] = [tree.map(unscale, gradients) as Parameters, unscale(rows)];
  scale.dispose();
  return result;
}
