/**
 * @file BERT (Devlin et al. 2019, arXiv:1810.04805): a post-norm encoder with learned positions, and a
 * masked-language-model head on the masked positions only. One segment, no next-sentence head, no dropout.
 */
import { nn, numpy as np } from '@jax-js/jax';
import type { ModelConfig } from './config.ts';
import type { Layer, Linear, Norm, Parameters } from './parameters.ts';
import type { Tensor } from './tensor.ts';

/** A batch on the device. T = rows * length tokens; M masked positions, padding included. */
export type ModelInput = {
  /** Float [rows, length]: 1 for a token, 0 for padding. */
  attention: Tensor;
  /** Int32 [M]: masked positions in the flattened batch; -1 where padded. */
  positions: Tensor;
};

/**
 * Logits [M, vocab] of the masked positions.
 *
 * @param embedded [T, hidden]: the token table's rows of the batch's ids. Looked up by the caller, who
 * also adds their gradient to the table's, in a fixed order.
 */
export function maskedLogits(
  config: ModelConfig,
  parameters: Parameters,
  embedded: Tensor,
  { attention, positions }: ModelInput,
): Tensor {
  const { length, hidden } = config;
  const tokens = embedded.shape[0]!;
  const rows = tokens / length;
  const located = embedded.reshape([rows, length, hidden]).add(parameters.position);
  let states = normalise(located, parameters.embeddingNorm);
  // Keys that are padding get a bias that softmax turns into 0.
  const bias = attention.sub(1).mul(1e9).reshape([rows, 1, 1, length]);
  for (const layer of parameters.layers) states = encode(config, layer, states, bias.ref);
  bias.dispose();

  // A product with rows of 0 and 1 instead of a gather: its gradient is a product too, whose sums have
  // one order, where that of a gather would add by atomics.
  const chosen = np
    .equal(positions.reshape([-1, 1]), np.arange(tokens).reshape([1, tokens]))
    .astype(np.float32);
  const scored = np.matmul(chosen, states.reshape([tokens, hidden]));
  const transformed = nn.gelu(linear(scored, parameters.transform), { approximate: false });
  const normed = normalise(transformed, parameters.transformNorm);
  return np.matmul(normed, parameters.token.transpose()).add(parameters.decoderBias);
}

function encode(
  { heads, hidden }: ModelConfig,
  layer: Layer,
  states: Tensor,
  bias: Tensor,
): Tensor {
  const [rows, length] = states.shape as [number, number, number];
  const size = hidden / heads;
  const split = (part: Tensor): Tensor =>
    part.reshape([rows, length, heads, size]).transpose([0, 2, 1, 3]);
  const query = split(linear(states.ref, layer.query));
  const key = split(linear(states.ref, layer.key));
  const value = split(linear(states.ref, layer.value));
  const scores = np.matmul(query, key.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(size));
  const mixed = np.matmul(nn.softmax(scores.add(bias), -1), value);
  const joined = mixed.transpose([0, 2, 1, 3]).reshape([rows, length, hidden]);
  const attended = normalise(
    states.add(linear(joined, layer.attentionOutput)),
    layer.attentionNorm,
  );
  const up = nn.gelu(linear(attended.ref, layer.up), { approximate: false });
  return normalise(attended.add(linear(up, layer.down)), layer.outputNorm);
}

function linear(x: Tensor, { weight, bias }: Linear): Tensor {
  return np.matmul(x, weight).add(bias);
}

function normalise(x: Tensor, { scale, bias }: Norm): Tensor {
  return nn.standardize(x, -1, { epsilon: 1e-12 }).mul(scale).add(bias);
}
