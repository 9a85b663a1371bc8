import { numpy as np } from '@jax-js/jax';
import type { Dropout, DropoutSite } from '../dropout.ts';
import { linear } from '../layers.ts';
import { linearSpecs, type ParameterSpec } from '../parameters.ts';
import type { Tensor } from '../tensor.ts';
import type { Weights } from '../weights.ts';

/** Says of each row whether its two segments are swapped (ALBERT, section 3.1). */
export interface SentenceOrderHead {
  readonly specs: readonly ParameterSpec[];
  /** Where it drops values. */
  readonly sites: readonly DropoutSite[];
  /** Logits [rows, 2] of the states [rows, hidden] of each row's first token. */
  logits(weights: Weights, states: Tensor, dropout: Dropout): Tensor;
}

/**
 * @param pooler, classifier names of the two products
 * @param hasDropout whether the classifier reads what dropout leaves, as ALBERT's does and BERT's does not
 */
export function sentenceOrderHead(
  hidden: number,
  { pooler, classifier, hasDropout }: { pooler: string; classifier: string; hasDropout: boolean },
): SentenceOrderHead {
  return {
    specs: [...linearSpecs(pooler, hidden, hidden), ...linearSpecs(classifier, hidden, 2)],
    sites: hasDropout ? [{ per: 'row', values: hidden }] : [],
    logits(weights, states, dropout) {
      const pooled = np.tanh(linear(states, weights, pooler));
      return linear(hasDropout ? dropout.apply(pooled) : pooled, weights, classifier);
    },
  };
}
