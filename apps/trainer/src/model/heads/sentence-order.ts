import { numpy as np } from '@jax-js/jax';
import { linear } from '../layers.ts';
import { linearSpecs, type ParameterSpec } from '../parameters.ts';
import type { Tensor } from '../tensor.ts';
import type { Weights } from '../weights.ts';

/** Says of each row whether its two segments are swapped (ALBERT, section 3.1). */
export interface SentenceOrderHead {
  readonly specs: readonly ParameterSpec[];
  /** Logits [rows, 2] of the states [rows, hidden] of each row's first token. */
  logits(weights: Weights, states: Tensor): Tensor;
}

/** @param pooler, classifier names of the two products */
export function sentenceOrderHead(
  hidden: number,
  pooler: string,
  classifier: string,
): SentenceOrderHead {
  return {
    specs: [...linearSpecs(pooler, hidden, hidden), ...linearSpecs(classifier, hidden, 2)],
    logits: (weights, states) =>
      linear(np.tanh(linear(states, weights, pooler)), weights, classifier),
  };
}
