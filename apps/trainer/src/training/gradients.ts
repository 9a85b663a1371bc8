import { numpy as np, valueAndGrad } from '@jax-js/jax';
import type { ModelConfig } from '../model/config.ts';
import { maskedLoss } from '../model/loss.ts';
import type { Parameters } from '../model/parameters.ts';
import type { Tensor } from '../model/tensor.ts';
import type { HostBatch } from './batch.ts';
import { spreadGradient, tokenRows } from './token-gradient.ts';

/** A batch on the device: see `HostBatch` and `TokenRows`. */
export type DeviceBatch = {
  ids: Tensor;
  unique: Tensor;
  places: Tensor;
  attention: Tensor;
  positions: Tensor;
  labels: Tensor;
  weights: Tensor;
};

/** Copies a batch to the device. */
export function deviceBatch(batch: HostBatch, { vocab, length }: ModelConfig): DeviceBatch {
  const { rows, ids, attention, positions, labels, weights } = batch;
  const { unique, places } = tokenRows(ids, vocab);
  return {
    ids: np.array(ids),
    unique: np.array(unique),
    places: np.array(places),
    attention: np.array(attention, { shape: [rows, length] }),
    positions: np.array(positions),
    labels: np.array(labels),
    weights: np.array(weights),
  };
}

/** The loss of a batch and its gradient by all parameters. Consumes both arguments. */
export function lossAndGradients(
  config: ModelConfig,
  parameters: Parameters,
  batch: DeviceBatch,
): { loss: Tensor; gradients: Parameters } {
  const { ids, unique, places, attention, positions, labels, weights } = batch;
  const embedded = np.take(parameters.token.ref, ids.ref, 0);
  const lossOf = (values: Parameters, rows: Tensor): Tensor =>
    maskedLoss(config, values, rows, { attention, positions }, { labels, weights });
  const [loss, [gradients, rowGradient]] = valueAndGrad(lossOf, { argnums: [0, 1] })(
    parameters,
    embedded,
  ) as unknown as [Tensor, [Parameters, Tensor]];
  const spread = spreadGradient(rowGradient, ids, unique, places);
  return { loss, gradients: { ...gradients, token: gradients.token.add(spread) } };
}
