import { jit, numpy as np, tree } from '@jax-js/jax';
import { maskedLogits } from '../model/bert.ts';
import type { ModelConfig } from '../model/config.ts';
import { crossEntropy } from '../model/loss.ts';
import { initialParameters, type Parameters } from '../model/parameters.ts';
import type { Tensor } from '../model/tensor.ts';
import {
  type AdamWOptions,
  adamW,
  initialMoments,
  type Moments,
  type StepScale,
  stepScale,
} from './adamw.ts';
import type { HostBatch } from './batch.ts';
import { type DeviceBatch, deviceBatch, lossAndGradients } from './gradients.ts';

/** What a held-out batch says of the model. */
export interface Evaluation {
  /** Mean cross entropy of the masked positions, in nats. */
  readonly loss: number;
  /** Masked positions whose most likely id is the original. */
  readonly correct: number;
}

/** A model in training. */
export interface Trainer {
  /** Number of trained values. */
  readonly parameters: number;
  /** One update on a batch; returns the loss before it. */
  train(batch: HostBatch, rate: number): Promise<number>;
  /** Scores a batch without training on it. */
  evaluate(batch: HostBatch): Promise<Evaluation>;
  /** Frees the device's memory. */
  dispose(): void;
}

const adamWOptions: AdamWOptions = { beta1: 0.9, beta2: 0.98, epsilon: 1e-6, decay: 0.01 };

/** Starts a model from its seed. */
export function createTrainer(config: ModelConfig, seed: bigint): Trainer {
  let parameters = initialParameters(config, seed);
  let moments = initialMoments(parameters);
  let step = 0;
  const count = (tree.leaves(parameters) as Tensor[]).reduce((sum, { size }) => sum + size, 0);

  const update = jit(
    (parameters: Parameters, moments: Moments, scale: StepScale, batch: DeviceBatch) => {
      const { loss, gradients } = lossAndGradients(config, tree.ref(parameters), batch);
      return { loss, ...adamW(parameters, gradients, moments, scale, adamWOptions) };
    },
  );

  const score = jit((parameters: Parameters, batch: DeviceBatch) => {
    const { ids, unique, places, attention, positions, labels, weights } = batch;
    unique.dispose();
    places.dispose();
    const embedded = np.take(parameters.token.ref, ids, 0);
    const logits = maskedLogits(config, parameters, embedded, { attention, positions });
    const best = np.argmax(logits.ref, -1);
    const correct = np.equal(best, labels.ref).astype(np.float32).mul(weights.ref).sum();
    return { loss: crossEntropy(logits, { labels, weights }), correct };
  });

  return {
    parameters: count,
    async train(batch, rate) {
      const scale = stepScale(step++, rate, adamWOptions);
      const next = update(parameters, moments, scale, deviceBatch(batch, config));
      parameters = next.parameters;
      moments = next.moments;
      return (await next.loss.data())[0]!;
    },
    async evaluate(batch) {
      const { loss, correct } = score(tree.ref(parameters), deviceBatch(batch, config));
      return { loss: (await loss.data())[0]!, correct: (await correct.data())[0]! };
    },
    dispose() {
      tree.dispose(parameters);
      tree.dispose(moments);
      update.dispose();
      score.dispose();
    },
  };
}
