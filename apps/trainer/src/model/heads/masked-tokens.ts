import { nn, numpy as np } from '@jax-js/jax';
import { gelu, linear, normalise } from '../layers.ts';
import { biasSpec, linearSpecs, normSpecs, type ParameterSpec } from '../parameters.ts';
import type { Tensor } from '../tensor.ts';
import type { Weights } from '../weights.ts';

/** Says which ids are hidden. The token table is its last product. */
export interface MaskedTokensHead {
  readonly specs: readonly ParameterSpec[];
  /** Logits [M, vocab] of states [M, hidden]. */
  logits(weights: Weights, states: Tensor): Tensor;
}

/** Names of a head, and how it normalises. */
export interface MaskedTokensNames {
  /** Table of the ids. */
  readonly token: string;
  readonly dense: string;
  readonly norm: string;
  readonly bias: string;
}

/** A product, GELU and normalisation, then the token table: the head of BERT and of all that follow it. */
export function maskedTokensHead(
  { vocab, hidden, embedding }: { vocab: number; hidden: number; embedding: number },
  { token, dense, norm, bias }: MaskedTokensNames,
  { hasBiases = true, epsilon = 1e-12 } = {},
): MaskedTokensHead {
  const biases = { bias: hasBiases };
  return {
    specs: [
      ...linearSpecs(dense, hidden, embedding, biases),
      ...normSpecs(norm, embedding, biases),
      biasSpec(bias, vocab),
    ],
    logits(weights, states) {
      const transformed = gelu(linear(states, weights, dense));
      const normed = normalise(transformed, weights, norm, epsilon);
      return np.matmul(normed, weights.get(`${token}.weight`).transpose()).add(weights.get(bias));
    },
  };
}

/**
 * Sum of the weighted cross entropies `logsumexp(logits) - logits[label]`, in nats.
 *
 * @param logits Float [M, classes]
 * @param labels Int32 [M]
 * @param weights Float [M]: 1, or 0 where there is nothing to predict
 */
export function crossEntropySum(logits: Tensor, labels: Tensor, weights: Tensor): Tensor {
  const [count, classes] = logits.shape as [number, number];
  // nn.oneHot would build a table of classes x classes.
  const isLabel = np.equal(labels.reshape([count, 1]), np.arange(classes).reshape([1, classes]));
  const atLabel = np.where(isLabel, logits.ref, 0).sum(-1);
  return nn.logsumexp(logits, -1).sub(atLabel).mul(weights).sum();
}

/** How many of the weighted rows have their label as the largest logit. */
export function correctCount(logits: Tensor, labels: Tensor, weights: Tensor): Tensor {
  return np.equal(np.argmax(logits, -1), labels).astype(np.float32).mul(weights).sum();
}
