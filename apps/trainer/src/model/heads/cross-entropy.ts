import { numpy as np } from '@jax-js/jax';
import type { Tensor } from '../tensor.ts';

/** A sum of losses in nats, and its gradient by the logits that it was computed of. */
export interface Loss {
  readonly sum: Tensor;
  readonly gradient: Tensor;
}

/**
 * The weighted cross entropies `logsumexp(logits) - logits[label]`. Their gradient `softmax(logits) - oneHot(label)` is written
 * out: where there are many classes, differentiation would go through all logits several times more.
 *
 * @param logits Float [M, classes]
 * @param labels Int32 [M]
 * @param weights Float [M]: 1, or 0 where there is nothing to predict
 */
export function crossEntropy(logits: Tensor, labels: Tensor, weights: Tensor): Loss {
  const [count, classes] = logits.shape as [number, number];
  const column = (values: Tensor): Tensor => values.reshape([count, 1]);
  const places = np.arange(count).mul(classes).add(labels.ref);
  const atLabel = np.take(logits.ref.reshape([-1]), places);
  const largest = logits.ref.max(-1);
  const exponentials = np.exp(logits.sub(column(largest.ref)));
  // A division for each row, not for each logit.
  const share = np.reciprocal(exponentials.ref.sum(-1));
  const losses = largest.sub(np.log(share.ref)).sub(atLabel).mul(weights.ref);
  const probabilities = exponentials.mul(column(share.mul(weights.ref)));
  // nn.oneHot would build a table of classes x classes.
  const isLabel = np.equal(column(labels), np.arange(classes).reshape([1, classes]));
  const gradient = probabilities.sub(np.where(isLabel, column(weights), 0));
  return { sum: losses.sum(), gradient };
}

/** How many of the weighted rows have their label as the largest logit. */
export function correctCount(logits: Tensor, labels: Tensor, weights: Tensor): Tensor {
  return np.equal(np.argmax(logits, -1), labels).astype(np.float32).mul(weights).sum();
}
