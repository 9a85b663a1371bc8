import { jit, numpy as np, tree } from '@jax-js/jax';
import type { HostBatch } from '../training/batch.ts';
import type { ModelConfig } from './config.ts';
import { type DeviceBatch, deviceBatch } from './device-batch.ts';
import { withGradients } from './differentiate.ts';
import { dropoutFactors } from './dropout.ts';
import type { Encoder } from './encoders/encoder.ts';
import { encodingOf } from './encoding.ts';
import { correctCount, crossEntropySum, type MaskedTokensHead } from './heads/masked-tokens.ts';
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
  const headNames = [encoder.tables.token, ...headSpecs].map(({ name }) => name);

  /** Sums of the losses, of states at the picked positions. */
  function lossesOf(
    parameters: Parameters,
    states: Tensor,
    targets: Targets,
  ): Record<string, Tensor> {
    const { labels, weights, sentenceLabels } = targets;
    const used = new Weights(parameters);
    const masked = labels.shape[0]!;
    const read = sentenceLabels.length === 0 ? [states] : np.split(states, [masked], 0);
    const logits = maskedTokens.logits(used, read[0]!);
    const losses: Record<string, Tensor> = { mlm: crossEntropySum(logits, labels, weights) };
    const [labelsOfRows] = sentenceLabels;
    if (sentenceOrder !== undefined && labelsOfRows !== undefined) {
      const rowLogits = sentenceOrder.logits(used, read[1]!);
      const all = np.ones([labelsOfRows.shape[0]!]);
      losses['sentenceOrder'] = crossEntropySum(rowLogits, labelsOfRows, all);
    }
    used.dispose();
    return losses;
  }

  const gradientStep = jit(
    (parameters: Parameters, batch: DeviceBatch, scales: Record<string, Tensor>) => {
      const { picked, pickedAt, labels, weights, sentenceLabels } = batch;
      const [states, pullBack] = encoding.differentiable(parameters, batch);
      const shape = states.shape;
      const head = withGradients(
        (values, rows) => {
          const losses = lossesOf(values, rows, { labels, weights, sentenceLabels });
          const scaled = Object.entries(losses).map(([name, loss]) => loss.ref.mul(scales[name]!));
          return [scaled.reduce((sum, part) => sum.add(part)), losses];
        },
        tree.ref(pick(parameters, headNames)),
        statesAt(states, picked),
      );
      const [gradients, lookups] = pullBack(spreadStates(head.rowGradient, pickedAt, shape));
      tree.dispose(parameters);
      return { losses: head.found, gradients: { ...gradients, ...head.gradients }, lookups };
    },
  );

  /** States [P, hidden] at the picked positions. Borrows the parameters. */
  function pickedStates(parameters: Parameters, batch: DeviceBatch): Tensor {
    const { picked, pickedAt } = batch;
    pickedAt.dispose();
    return statesAt(encoding.states(parameters, batch), picked);
  }

  const evaluateStep = jit((parameters: Parameters, batch: DeviceBatch) => {
    const { labels, weights, sentenceLabels } = batch;
    const states = pickedStates(parameters, batch);
    const used = new Weights(parameters);
    const masked = labels.shape[0]!;
    const read = sentenceLabels.length === 0 ? [states] : np.split(states, [masked], 0);
    const logits = maskedTokens.logits(used, read[0]!);
    const sums: Record<string, Tensor> = {
      correct: correctCount(logits.ref, labels.ref, weights.ref),
      mlm: crossEntropySum(logits, labels, weights),
    };
    const [labelsOfRows] = sentenceLabels;
    if (sentenceOrder !== undefined && labelsOfRows !== undefined) {
      const rowLogits = sentenceOrder.logits(used, read[1]!);
      const all = np.ones([labelsOfRows.shape[0]!]);
      sums['sentenceOrderCorrect'] = correctCount(rowLogits.ref, labelsOfRows.ref, all.ref);
      sums['sentenceOrder'] = crossEntropySum(rowLogits, labelsOfRows, all);
    }
    used.dispose();
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
    return logits;
  });

  return {
    config,
    specs,
    tables: Object.fromEntries(
      Object.entries(encoder.tables).map(([by, { name }]) => [by, name]),
    ) as unknown as Model['tables'],
    losses: [
      { name: 'mlm', over: 'masked', weight: 1 },
      ...(sentenceOrder ? [{ name: 'sentenceOrder', over: 'rows', weight: 1 } as const] : []),
    ],
    async gradients(parameters, batch, scales: Scales, randomness) {
      const { rows, width, firstRow } = batch;
      const address = { ...randomness, rows, width, firstRow };
      const onDevice = deviceBatch(batch, dropoutFactors(config, address));
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

/** What the picked positions should say. */
type Targets = Pick<DeviceBatch, 'labels' | 'weights' | 'sentenceLabels'>;
