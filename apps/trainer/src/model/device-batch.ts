import { numpy as np } from '@jax-js/jax';
import type { HostBatch } from '../training/batch.ts';
import type { EncoderInput } from './encoders/encoder.ts';
import type { Tensor } from './tensor.ts';

/** A batch on the device: see `HostBatch`. */
export type DeviceBatch = EncoderInput & {
  /** Int32 [T] */
  ids: Tensor;
  /** Int32 [T] */
  sentences: Tensor;
  /** Int32 [P]: positions to read states at, masked ones first. */
  picked: Tensor;
  /** Int32 [T]: where a position is in `picked`; P if it is not. */
  pickedAt: Tensor;
  /** Int32 [M] */
  labels: Tensor;
  /** Float [M] */
  weights: Tensor;
  /** Int32 [height], -1 where padded; or of none. */
  sentenceLabels: Tensor[];
  /** See `dropoutFactors`. */
  factors: Tensor[];
};

/** Copies a batch to the device. */
export function deviceBatch(
  batch: HostBatch,
  factors: readonly Float32Array<ArrayBuffer>[] = [],
): DeviceBatch {
  const { height, width, ids, places, segments, sentences, picked, pickedAt } = batch;
  const grid = { shape: [height, width] };
  return {
    ids: np.array(ids),
    places: np.array(places, grid),
    segments: np.array(segments, grid),
    sentences: np.array(sentences),
    picked: np.array(picked),
    pickedAt: np.array(pickedAt),
    labels: np.array(batch.labels),
    weights: np.array(batch.weights),
    sentenceLabels: batch.sentenceLabels === undefined ? [] : [np.array(batch.sentenceLabels)],
    factors: factors.map((values) => np.array(values)),
  };
}
