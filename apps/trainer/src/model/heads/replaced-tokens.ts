import { nn } from '@jax-js/jax';
import { gelu, linear } from '../layers.ts';
import { linearSpecs, type ParameterSpec } from '../parameters.ts';
import type { Tensor } from '../tensor.ts';
import type { Weights } from '../weights.ts';
import type { Loss } from './cross-entropy.ts';

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
 * The weighted binary cross entropies. Their gradient is `sigmoid(logits) - labels`.
 *
 * @param logits, labels, weights Float [T]
 */
export function binaryCrossEntropy(logits: Tensor, labels: Tensor, weights: Tensor): Loss {
  const losses = nn.softplus(logits.ref).sub(logits.ref.mul(labels.ref)).mul(weights.ref);
  return { sum: losses.sum(), gradient: nn.sigmoid(logits).sub(labels).mul(weights) };
}
