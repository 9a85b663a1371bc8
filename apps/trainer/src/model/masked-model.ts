import { jit, numpy as np, tree } from '@jax-js/jax';
import type { HostBatch } from '../training/batch.ts';
import type { ModelConfig } from './config.ts';
import { type DeviceBatch, deviceBatch } from './device-batch.ts';
import { withPullBack } from './differentiate.ts';
import { Dropout, dropoutFactors } from './dropout.ts';
import type { Encoder } from './encoders/encoder.ts';
import { encodingOf } from './encoding.ts';
import { correctCount, crossEntropy } from './heads/cross-entropy.ts';
import type { MaskedTokensHead } from './heads/masked-tokens.ts';
import type { SentenceOrderHead } from './heads/sentence-order.ts';
import { spreadStates, statesAt } from './lookup.ts';
import type { Model, Scales, Sums } from './model.ts';
import { type ParameterSpec, type Parameters, pick } from './parameters.ts';
import { numbersOf, scalars } from './scalars.ts';
import type { Tensor } from './tensor.ts';
import { Weights } from './weights.ts';

/** What a masked language model is put together from. */
export interface MaskedModelParts {
  readonly encoder: Encoder;
  readonly maskedTokens: MaskedTokensHead;
  readonly sentenceOrder?: SentenceOrderHead;
}

/** A model that says which tokens are hidden, and with a head for it whether segments are swapped. */
export function maskedModel(config: ModelConfig, parts: MaskedModelParts): Model {
  const { encoder, maskedTokens, sentenceOrder } = parts;
  const encoding = encodingOf(encoder, config.precision);
  const tables = Object.values(encoder.tables) as ParameterSpec[];
  const headSpecs = [...maskedTokens.specs, ...(sentenceOrder?.specs ?? [])];
  const specs = [...tables, ...encoder.specs, ...headSpecs];
  const sites = [...encoder.sites, ...(sentenceOrder?.sites ?? [])];
  const headNames = [encoder.tables.token, ...headSpecs].map(({ name }) => name);

  /** Logits by the names of their losses, of states [P, hidden] at the picked positions. Consumes its arguments. */
  function logitsOf(
    parameters: Parameters,
    states: Tensor,
    masked: number,
    dropout = new Dropout([]),
  ): Logits {
    const used = new Weights(parameters);
    const [tokens, firsts] = states.shape[0] === masked ? [states] : np.split(states, [masked], 0);
    const logits: Logits = { mlm: maskedTokens.logits(used, tokens!) };
    if (sentenceOrder !== undefined && firsts !== undefined) {
      logits['sentenceOrder'] = sentenceOrder.logits(used, firsts, dropout);
    }
    used.dispose();
    return logits;
  }

  const gradientStep = jit(
    (parameters: Parameters, batch: DeviceBatch, scales: Record<string, Tensor>) => {
      const { picked, pickedAt, factors } = batch;
      const masked = batch.labels.shape[0]!;
      const [states, pullBack] = encoding.differentiable(parameters, {
        ...batch,
        factors: factors.slice(0, encoder.sites.length),
      });
      const dropout = new Dropout(factors.slice(encoder.sites.length));
      const shape = states.shape;
      const [logits, pullBackHead] = withPullBack(
        (values, rows) => logitsOf(values, rows, masked, dropout),
        tree.ref(pick(parameters, headNames)),
        statesAt(states, picked),
      );
      const targets = targetsOf(batch);
      const losses: Record<string, Tensor> = {};
      const gradients: Logits = {};
      for (const [name, of] of Object.entries(logits)) {
        const { labels, weights } = targets[name]!;
        const { sum, gradient } = crossEntropy(of, labels, weights);
        losses[name] = sum;
        gradients[name] = gradient.mul(scales[name]!);
      }
      const [headGradients, rowGradient] = pullBackHead(gradients);
      const [encoderGradients, lookups] = pullBack(spreadStates(rowGradient, pickedAt, shape));
      tree.dispose(parameters);
      return { losses, gradients: { ...encoderGradients, ...headGradients }, lookups };
    },
  );

  /** States [P, hidden] at the picked positions. Borrows the parameters. */
  function pickedStates(parameters: Parameters, batch: DeviceBatch): Tensor {
    const { picked, pickedAt } = batch;
    pickedAt.dispose();
    return statesAt(encoding.states(parameters, batch), picked);
  }

  const evaluateStep = jit((parameters: Parameters, batch: DeviceBatch) => {
    const masked = batch.labels.shape[0]!;
    const logits = logitsOf(parameters, pickedStates(parameters, batch), masked);
    const targets = targetsOf(batch);
    const sums: Record<string, Tensor> = {};
    for (const [name, of] of Object.entries(logits)) {
      const { labels, weights } = targets[name]!;
      const correct = name === 'mlm' ? 'correct' : `${name}Correct`;
      sums[correct] = correctCount(of.ref, labels.ref, weights.ref);
      const { sum, gradient } = crossEntropy(of, labels, weights);
      gradient.dispose();
      sums[name] = sum;
    }
    return sums;
  });

  const predictStep = jit((parameters: Parameters, batch: DeviceBatch) => {
    const { labels, weights, sentenceLabels } = batch;
    const masked = labels.shape[0]!;
    tree.dispose([labels, weights, ...sentenceLabels]);
    const states = pickedStates(parameters, batch);
    const used = new Weights(parameters);
    const logits = maskedTokens.logits(used, states.slice([0, masked]));
    used.dispose();
    return logits.slice([], [0, config.vocab]);
  });

  return {
    config,
    specs,
    tables: encoder.tables,
    passes: [sites],
    losses: [
      { name: 'mlm', over: 'masked', weight: 1 },
      ...(sentenceOrder ? [{ name: 'sentenceOrder', over: 'rows', weight: 1 } as const] : []),
    ],
    async gradients(parameters, batch, scales: Scales, randomness) {
      const { height, width, firstRow } = batch;
      const address = { ...randomness, rows: height, width, firstRow };
      const onDevice = deviceBatch(batch, dropoutFactors(sites, config, address));
      const { losses, gradients, lookups } = gradientStep(
        tree.ref(parameters),
        onDevice,
        scalars(scales),
      );
      const gradient = (await lookups.data()) as Float32Array<ArrayBuffer>;
      return {
        losses: await numbersOf(losses),
        gradients,
        lookups: [{ gradient, batch }],
      };
    },
    async evaluate(parameters: Parameters, batch: HostBatch): Promise<Sums> {
      return numbersOf(evaluateStep(tree.ref(parameters), deviceBatch(batch)));
    },
    async predict(parameters, batch) {
      const logits = predictStep(tree.ref(parameters), deviceBatch(batch));
      return (await logits.data()) as Float32Array<ArrayBuffer>;
    },
    dispose() {
      for (const step of [gradientStep, evaluateStep, predictStep]) step.dispose();
    },
  };
}

type Logits = Record<string, Tensor>;

/** What the picked positions should say, by the names of the losses. */
function targetsOf(batch: DeviceBatch): Record<string, { labels: Tensor; weights: Tensor }> {
  const { labels, weights, sentenceLabels } = batch;
  const [ofRows] = sentenceLabels;
  if (ofRows === undefined) return { mlm: { labels, weights } };
  const isRow = np.greaterEqual(ofRows.ref, 0).astype(np.float32);
  const ofOrder = { labels: np.maximum(ofRows, 0), weights: isRow };
  return { mlm: { labels, weights }, sentenceOrder: ofOrder };
}
