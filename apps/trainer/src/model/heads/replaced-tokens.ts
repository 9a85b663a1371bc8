import { nn } from '@jax-js/jax';
import { gelu, linear } from '../layers.ts';
import { linearSpecs, type ParameterSpec } from '../parameters.ts';
import type { Tensor } from '../tensor.ts';
import type { Weights } from '../weights.ts';

const dense = 'discriminator_predictions.dense';
const output = 'discriminator_predictions.dense_prediction';

/** What ELECTRA's discriminator ends with: for each token, whether it was replaced. */
export function replacedTokensSpecs(hidden: number): ParameterSpec[] {
  return [...linearSpecs(dense, hidden, hidden), ...linearSpecs(output, hidden, 1)];
}

/** Logits [T] of states [T, hidden]: above 0 for "replaced". */
export function replacedTokensLogits(weights: Weights, states: Tensor): Tensor {
  return linear(gelu(linear(states, weights, dense)), weights, output).reshape([-1]);
}

/**
 * Sum of the weighted binary cross entropies, in nats.
 *
 * @param logits, labels, weights Float [T]
 */
export function binaryCrossEntropySum(logits: Tensor, labels: Tensor, weights: Tensor): Tensor {
  return nn.softplus(logits.ref).sub(logits.mul(labels)).mul(weights).sum();
}
