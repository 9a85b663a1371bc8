import { jit, numpy as np, tree } from '@jax-js/jax';
import type { HostBatch } from '../training/batch.ts';
import type { ModelConfig } from './config.ts';
import { type DeviceBatch, deviceBatch } from './device-batch.ts';
import { withGradients, withPullBack } from './differentiate.ts';
import { Dropout, dropoutFactors } from './dropout.ts';
import type { Encoder } from './encoders/encoder.ts';
import { correctCount, crossEntropySum, type MaskedTokensHead } from './heads/masked-tokens.ts';
import type { SentenceOrderHead } from './heads/sentence-order.ts';
import { embed, spreadStates, statesAt } from './lookup.ts';
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
  const tables = Object.values(encoder.tables) as ParameterSpec[];
  const headSpecs = [...maskedTokens.specs, ...(sentenceOrder?.specs ?? [])];
  const specs = [...tables, ...encoder.specs, ...headSpecs];
  const encoderNames = encoder.specs.map(({ name }) => name);
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

  const encode = (parameters: Parameters, embedded: Tensor, batch: EncodeInput): Tensor => {
    const used = new Weights(parameters);
    const { segments, places, factors } = batch;
    const states = encoder.encode(used, embedded, { segments, places }, new Dropout(factors));
    used.dispose();
    return states;
  };

  const gradientStep = jit(
    (parameters: Parameters, batch: DeviceBatch, scales: Record<string, Tensor>) => {
      const { segments, places, factors, picked, pickedAt, labels, weights, sentenceLabels } =
        batch;
      const embedded = embedBatch(parameters, { ...batch, places: places.ref });
      const [states, pullBack] = withPullBack(
        (values, rows) => encode(values, rows, { segments, places, factors }),
        tree.ref(pick(parameters, encoderNames)),
        embedded,
      );
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

  function embedBatch(
    parameters: Parameters,
    { ids, places, sentences }: Pick<DeviceBatch, 'ids' | 'places' | 'sentences'>,
  ): Tensor {
    const borrowed = new Weights(parameters);
    return embed(encoder.tables, borrowed, { ids, places, sentences });
  }

  /** States [P, hidden] at the picked positions. Consumes its arguments. */
  function pickedStates(parameters: Parameters, batch: DeviceBatch): Tensor {
    const { segments, places, factors, picked, pickedAt } = batch;
    pickedAt.dispose();
    const embedded = embedBatch(parameters, { ...batch, places: places.ref });
    const states = encode(parameters, embedded, { segments, places, factors });
    return statesAt(states, picked);
  }

  const evaluateStep = jit((parameters: Parameters, batch: DeviceBatch) => {
    const { labels, weights, sentenceLabels } = batch;
    const states = pickedStates(tree.ref(parameters), batch);
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
    const states = pickedStates(tree.ref(parameters), batch);
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

type EncodeInput = Pick<DeviceBatch, 'segments' | 'places' | 'factors'>;
