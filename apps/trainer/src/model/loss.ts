import { nn, numpy as np } from '@jax-js/jax';
import { type ModelInput, maskedLogits } from './bert.ts';
import type { ModelConfig } from './config.ts';
import type { Parameters } from './parameters.ts';
import type { Tensor } from './tensor.ts';

/** What the masked positions should say. */
export type Targets = {
  /** Int32 [M]: the original ids. */
  labels: Tensor;
  /** Float [M]: 1, or 0 where padded. */
  weights: Tensor;
};

/** The masked positions' mean cross entropy, in nats: a sum over weights by their sum. */
export function maskedLoss(
  config: ModelConfig,
  parameters: Parameters,
  embedded: Tensor,
  input: ModelInput,
  targets: Targets,
): Tensor {
  const logits = maskedLogits(config, parameters, embedded, input);
  return crossEntropy(logits, targets);
}

/** The weighted mean of `logsumexp(logits) - logits[label]`; 0 if all weights are 0. */
export function crossEntropy(logits: Tensor, { labels, weights }: Targets): Tensor {
  const [count, vocab] = logits.shape as [number, number];
  // nn.oneHot would build a table of vocab x vocab.
  const isLabel = np.equal(labels.reshape([count, 1]), np.arange(vocab).reshape([1, vocab]));
  const atLabel = np.where(isLabel, logits.ref, 0).sum(-1);
  const losses = nn.logsumexp(logits, -1).sub(atLabel);
  return losses.mul(weights.ref).sum().div(np.maximum(weights.sum(), 1));
}
