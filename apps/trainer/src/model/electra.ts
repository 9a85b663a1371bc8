/**
 * @file ELECTRA (Clark et al. 2020, arXiv:2003.10555): a small generator guesses the hidden tokens, its guesses replace
 * them, and the discriminator tells for every token whether it was replaced. Both share their tables. The loss is the
 * generator's plus the discriminator's times its weight; no gradient goes through the guesses.
 */
import { jit, nn, numpy as np, tree } from '@jax-js/jax';
import { createDraws } from '@maskloom/core';
import type { HostBatch } from '../training/batch.ts';
import type { ModelConfig } from './config.ts';
import { type DeviceBatch, deviceBatch } from './device-batch.ts';
import { withPullBack } from './differentiate.ts';
import { dropoutFactors } from './dropout.ts';
import { bertEncoder } from './encoders/bert.ts';
import { encodingOf } from './encoding.ts';
import { correctCount, crossEntropy } from './heads/cross-entropy.ts';
import { maskedTokensHead } from './heads/masked-tokens.ts';
import {
  binaryCrossEntropy,
  replacedTokensLogits,
  replacedTokensSpecs,
} from './heads/replaced-tokens.ts';
import { spreadStates, statesAt } from './lookup.ts';
import type { BatchRandomness, Model } from './model.ts';
import { type ParameterSpec, type Parameters, pick } from './parameters.ts';
import { sample } from './sampling.ts';
import { numbersOf, scalar } from './scalars.ts';
import type { Tensor } from './tensor.ts';
import { Weights } from './weights.ts';

/** Philox op of the generator's guesses. */
const guessing = 131;

/** The generator: as deep as the discriminator, and narrower. */
export function generatorConfig(config: ModelConfig): ModelConfig {
  const { hidden, heads, intermediate, generatorSize } = config;
  const narrow = (size: number): number => Math.max(1, Math.round(size * generatorSize));
  const fewer = narrow(heads);
  const width = Math.max(1, Math.round((hidden * generatorSize) / fewer)) * fewer;
  return { ...config, hidden: width, heads: fewer, intermediate: narrow(intermediate) };
}

export function electraModel(config: ModelConfig): Model {
  const narrow = generatorConfig(config);
  const discriminator = bertEncoder(config, { root: 'electra', norm: 'post' });
  const generator = bertEncoder(narrow, {
    root: 'generator.electra',
    embeddingsRoot: 'electra',
    norm: 'post',
  });
  const head = maskedTokensHead(narrow, {
    token: discriminator.tables.token.name.replace(/\.weight$/, ''),
    dense: 'generator.generator_predictions.dense',
    norm: 'generator.generator_predictions.LayerNorm',
    bias: 'generator.generator_lm_head.bias',
  });
  const tables = Object.values(discriminator.tables) as ParameterSpec[];
  const specs = withoutRepeats([
    ...tables,
    ...discriminator.specs,
    ...replacedTokensSpecs(config.hidden),
    ...generator.specs,
    ...head.specs,
  ]);
  const names = (of: readonly ParameterSpec[]): string[] => of.map(({ name }) => name);
  const headNames = names([generator.tables.token, ...head.specs]);
  const judgeNames = names(replacedTokensSpecs(config.hidden));
  const discriminating = encodingOf(discriminator, config.precision);
  const generating = encodingOf(generator, config.precision);

  /** The generator's logits, of states [M, hidden]. Consumes its arguments. */
  function logitsOf(values: Parameters, states: Tensor): Tensor {
    const used = new Weights(values);
    const logits = head.logits(used, states);
    used.dispose();
    return logits;
  }

  /** A token for each row of logits. Consumes its arguments. */
  function guess(logits: Tensor, uniform: Tensor): Tensor {
    return sample(nn.softmax(logits, -1).slice([], [0, config.vocab]), uniform);
  }

  const generateStep = jit(
    (parameters: Parameters, batch: DeviceBatch, uniform: Tensor, scale: Tensor) => {
      const { picked, pickedAt, labels, weights } = batch;
      tree.dispose(batch.sentenceLabels);
      const [states, pullBack] = generating.differentiable(parameters, batch);
      const shape = states.shape;
      const [logits, pullBackHead] = withPullBack(
        logitsOf,
        tree.ref(pick(parameters, headNames)),
        statesAt(states, picked),
      );
      const guesses = guess(logits.ref, uniform);
      const { sum, gradient } = crossEntropy(logits, labels, weights);
      const [gradients, rowGradient] = pullBackHead(gradient.mul(scale));
      const [encoderGradients, lookups] = pullBack(spreadStates(rowGradient, pickedAt, shape));
      tree.dispose(parameters);
      return { sum, guesses, gradients: { ...encoderGradients, ...gradients }, lookups };
    },
  );

  /** The discriminator's logits, of its states. Consumes its arguments. */
  function judgeLogits(values: Parameters, states: Tensor): Tensor {
    const used = new Weights(values);
    const logits = replacedTokensLogits(used, states);
    used.dispose();
    return logits;
  }

  const flat = (states: Tensor): Tensor => states.reshape([-1, config.hidden]).astype(np.float32);

  const discriminateStep = jit(
    (parameters: Parameters, batch: DeviceBatch, replaced: Replaced, scale: Tensor) => {
      disposeTargets(batch);
      const [states, pullBack] = discriminating.differentiable(parameters, batch);
      const shape = states.shape;
      const [logits, pullBackHead] = withPullBack(
        judgeLogits,
        tree.ref(pick(parameters, judgeNames)),
        flat(states),
      );
      const { sum, gradient } = binaryCrossEntropy(logits, replaced.labels, replaced.weights);
      const [gradients, rowGradient] = pullBackHead(gradient.mul(scale));
      const [encoderGradients, lookups] = pullBack(rowGradient.reshape(shape));
      tree.dispose(parameters);
      return { sum, gradients: { ...encoderGradients, ...gradients }, lookups };
    },
  );

  const generatorLogits = jit((parameters: Parameters, batch: DeviceBatch) => {
    const { picked, pickedAt, labels, weights, sentenceLabels } = batch;
    tree.dispose([pickedAt, labels, weights, ...sentenceLabels]);
    const states = generating.states(parameters, batch);
    return logitsOf(parameters, statesAt(states, picked)).slice([], [0, config.vocab]);
  });

  const scoreGuesses = jit((logits: Tensor, labels: Tensor, weights: Tensor, uniform: Tensor) => {
    const guesses = guess(logits.ref, uniform);
    const correct = correctCount(logits.ref, labels.ref, weights.ref);
    const { sum, gradient } = crossEntropy(logits, labels, weights);
    gradient.dispose();
    return { sum, guesses, correct };
  });

  const scoreReplaced = jit((parameters: Parameters, batch: DeviceBatch, replaced: Replaced) => {
    disposeTargets(batch);
    const states = discriminating.states(parameters, batch);
    const { labels, weights } = replaced;
    const logits = judgeLogits(parameters, flat(states));
    const says = np.greater(logits.ref, 0).astype(np.float32);
    const correct = np.equal(says, labels.ref).astype(np.float32).mul(weights.ref).sum();
    const { sum, gradient } = binaryCrossEntropy(logits, labels, weights);
    gradient.dispose();
    return { sum, correct };
  });

  return {
    config,
    specs,
    tables: discriminator.tables,
    passes: [generator.sites, discriminator.sites],
    losses: [
      { name: 'mlm', over: 'masked', weight: 1 },
      { name: 'replaced', over: 'tokens', weight: config.discriminatorWeight },
    ],
    async gradients(parameters, batch, scales, randomness) {
      const address = { ...randomness, rows: batch.height, width: batch.width };
      const { firstRow } = batch;
      const onDevice = deviceBatch(
        batch,
        dropoutFactors(generator.sites, config, { ...address, firstRow }),
      );
      const generated = generateStep(
        tree.ref(parameters),
        onDevice,
        np.array(uniformFor(batch, randomness)),
        scalar(scales['mlm']!),
      );
      const guesses = (await generated.guesses.data()) as Int32Array;
      const { batch: next, replaced } = replaceTokens(batch, guesses);
      const judged = discriminateStep(
        tree.ref(parameters),
        deviceBatch(
          next,
          dropoutFactors(discriminator.sites, config, { ...address, firstRow, pass: 1 }),
        ),
        replaced,
        scalar(scales['replaced']!),
      );
      return {
        losses: await numbersOf({ mlm: generated.sum, replaced: judged.sum }),
        gradients: sumOf(generated.gradients, judged.gradients),
        lookups: [
          { gradient: (await generated.lookups.data()) as Float32Array<ArrayBuffer>, batch },
          { gradient: (await judged.lookups.data()) as Float32Array<ArrayBuffer>, batch: next },
        ],
      };
    },
    async evaluate(parameters, batch) {
      const { labels, weights } = batch;
      const logits = generatorLogits(tree.ref(parameters), deviceBatch(batch));
      // Guesses of an evaluation are drawn as if at step 0: each evaluation replaces alike where it guesses alike.
      const uniform = np.array(uniformFor(batch, { seed: 0n, step: 0 }));
      const scored = scoreGuesses(logits, np.array(labels), np.array(weights), uniform);
      const guesses = (await scored.guesses.data()) as Int32Array;
      const { batch: next, replaced } = replaceTokens(batch, guesses);
      const judged = scoreReplaced(tree.ref(parameters), deviceBatch(next), replaced);
      return numbersOf({
        mlm: scored.sum,
        correct: scored.correct,
        replaced: judged.sum,
        replacedCorrect: judged.correct,
      });
    },
    async predict(parameters, batch) {
      const logits = generatorLogits(tree.ref(parameters), deviceBatch(batch));
      return (await logits.data()) as Float32Array<ArrayBuffer>;
    },
    dispose() {
      for (const step of [generateStep, discriminateStep, generatorLogits]) step.dispose();
      for (const step of [scoreGuesses, scoreReplaced]) step.dispose();
    },
  };
}

/** For each token, whether the discriminator should call it replaced, and whether it counts. Float [T] each. */
type Replaced = { labels: Tensor; weights: Tensor };

function withoutRepeats(specs: readonly ParameterSpec[]): ParameterSpec[] {
  return [...new Map(specs.map((spec) => [spec.name, spec])).values()];
}

function disposeTargets({ picked, pickedAt, labels, weights, sentenceLabels }: DeviceBatch): void {
  tree.dispose([picked, pickedAt, labels, weights, ...sentenceLabels]);
}

/** A number from 0 to below 1 for each masked position, by the step, its row in the global batch and its place. */
function uniformFor(
  { picked, labels, width, firstRow }: HostBatch,
  { seed, step }: BatchRandomness,
): Float32Array<ArrayBuffer> {
  const draws = createDraws(seed);
  const uniform = new Float32Array(labels.length);
  for (let index = 0; index < labels.length; index++) {
    const position = picked[index]!;
    if (position < 0) continue;
    draws.at(step, firstRow + Math.floor(position / width));
    // 24 bits: a float has no more, and must stay below 1.
    uniform[index] = (draws.word(guessing, position % width) >>> 8) / 2 ** 24;
  }
  return uniform;
}

/** The batch that the discriminator sees. */
function replaceTokens(
  batch: HostBatch,
  guesses: Int32Array,
): { batch: HostBatch; replaced: Replaced } {
  const { ids, picked, labels, segments, masked } = batch;
  const next = ids.slice();
  const isReplaced = new Float32Array(ids.length);
  for (let index = 0; index < masked; index++) {
    const position = picked[index]!;
    next[position] = guesses[index]!;
    isReplaced[position] = guesses[index] === labels[index] ? 0 : 1;
  }
  const weights = Float32Array.from(segments, (segment) => (segment === 0 ? 0 : 1));
  return {
    batch: { ...batch, ids: next },
    replaced: { labels: np.array(isReplaced), weights: np.array(weights) },
  };
}

/** Adds gradients by name; both may have a name. Consumes them. */
function sumOf(first: Parameters, second: Parameters): Parameters {
  const sum: Parameters = { ...first };
  for (const [name, gradient] of Object.entries(second)) {
    const other = sum[name];
    sum[name] = other === undefined ? gradient : other.add(gradient);
  }
  return sum;
}
