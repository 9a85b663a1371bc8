import { numpy as np } from '@jax-js/jax';
import { gelu, linear, normalise } from '../layers.ts';
import { biasSpec, linearSpecs, normSpecs, type ParameterSpec } from '../parameters.ts';
import type { Tensor } from '../tensor.ts';
import type { Weights } from '../weights.ts';

/** Says which ids are hidden. The token table is its last product. */
export interface MaskedTokensHead {
  readonly specs: readonly ParameterSpec[];
  /** Logits [M, width] of states [M, hidden]; from the vocabulary's size on they are so low that their softmax is 0. */
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

/** Logits are padded to a multiple of this: jax-js' products take twice as long for BERT's 30,522 ids, which have few factors. */
const widthMultiple = 64;

/** A product, GELU and normalisation, then the token table: the head of BERT and of all that follow it. */
export function maskedTokensHead(
  { vocab, hidden, embedding }: { vocab: number; hidden: number; embedding: number },
  { token, dense, norm, bias }: MaskedTokensNames,
  { hasBiases = true, epsilon = 1e-12 } = {},
): MaskedTokensHead {
  const biases = { bias: hasBiases };
  const missing = Math.ceil(vocab / widthMultiple) * widthMultiple - vocab;
  return {
    specs: [
      ...linearSpecs(dense, hidden, embedding, biases),
      ...normSpecs(norm, embedding, biases),
      biasSpec(bias, vocab),
    ],
    logits(weights, states) {
      const transformed = gelu(linear(states, weights, dense));
      const normed = normalise(transformed, weights, norm, epsilon);
      const table = padEnd(weights.get(`${token}.weight`), missing, 0);
      return np.matmul(normed, table.transpose()).add(padEnd(weights.get(bias), missing, -1e9));
    },
  };
}

/** As many more rows of a value. */
function padEnd(tensor: Tensor, count: number, value: number): Tensor {
  if (count === 0) return tensor;
  const [, ...rest] = tensor.shape;
  return np.concatenate([tensor, np.full([count, ...rest], value)], 0);
}
