import { numpy as np } from '@jax-js/jax';
import { createDraws } from '@maskloom/core';
import type { ModelConfig } from './config.ts';
import type { Tensor } from './tensor.ts';

/** `x * weight + bias`: weight [from, to], bias [to]. */
export type Linear = { weight: Tensor; bias: Tensor };

/** Layer normalisation: scale [hidden], bias [hidden]. */
export type Norm = { scale: Tensor; bias: Tensor };

/** One layer of the encoder. */
export type Layer = {
  query: Linear;
  key: Linear;
  value: Linear;
  attentionOutput: Linear;
  attentionNorm: Norm;
  up: Linear;
  down: Linear;
  outputNorm: Norm;
};

/** All that is trained. The token table is the decoder's weight as well. */
export type Parameters = {
  /** [vocab, hidden] */
  token: Tensor;
  /** [length, hidden] */
  position: Tensor;
  embeddingNorm: Norm;
  layers: Layer[];
  transform: Linear;
  transformNorm: Norm;
  /** [vocab] */
  decoderBias: Tensor;
};

/** Philox op of the initial weights; 128 to 255 are the trainer's (docs/spec.md, section 2). */
const initialisation = 128;

/**
 * Initial parameters: a pure function of the sizes and the seed. Embeddings are normal with deviation
 * 0.02, as BERT's; weights with 1/sqrt(inputs), since 0.02 suits a width of 768 and leaves a narrow
 * encoder blind to its context for thousands of steps.
 */
export function initialParameters(config: ModelConfig, seed: bigint): Parameters {
  const { vocab, length, layers, hidden } = config;
  const draws = createDraws(seed);
  let number = 0;

  /** Box-Muller on two words a pair; each tensor draws at an epoch of its own. */
  function normal(deviation: number, ...shape: number[]): Tensor {
    draws.at(number++, 0);
    const size = shape.reduce((product, side) => product * side, 1);
    const values = new Float32Array(size);
    for (let index = 0; index < size; index += 2) {
      const radius = Math.sqrt(-2 * Math.log((draws.word(initialisation, index) + 1) / 2 ** 32));
      const angle = (2 * Math.PI * draws.word(initialisation, index + 1)) / 2 ** 32;
      values[index] = deviation * radius * Math.cos(angle);
      if (index + 1 < size) values[index + 1] = deviation * radius * Math.sin(angle);
    }
    return np.array(values, { shape });
  }
  const constant = (value: number, size: number): Tensor =>
    np.array(new Float32Array(size).fill(value), { shape: [size] });
  const linear = (from: number, to: number): Linear => ({
    weight: normal(1 / Math.sqrt(from), from, to),
    bias: constant(0, to),
  });
  const norm = (): Norm => ({ scale: constant(1, hidden), bias: constant(0, hidden) });

  return {
    token: normal(0.02, vocab, hidden),
    position: normal(0.02, length, hidden),
    embeddingNorm: norm(),
    layers: Array.from({ length: layers }, () => ({
      query: linear(hidden, hidden),
      key: linear(hidden, hidden),
      value: linear(hidden, hidden),
      attentionOutput: linear(hidden, hidden),
      attentionNorm: norm(),
      up: linear(hidden, 4 * hidden),
      down: linear(4 * hidden, hidden),
      outputNorm: norm(),
    })),
    transform: linear(hidden, hidden),
    transformNorm: norm(),
    decoderBias: constant(0, vocab),
  };
}
