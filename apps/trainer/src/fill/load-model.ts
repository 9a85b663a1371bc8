import { tree } from '@jax-js/jax';
import { toDevice } from '../model/host-parameters.ts';
import { lineBatch } from './line-batch.ts';
import type { ReadModel } from './read-model.ts';

/** A model that says what hidden tokens may be. */
export interface MaskedLanguageModel {
  readonly vocab: number;
  /** The most tokens that it takes. */
  readonly length: number;
  /** Float32Array[positions.length * vocab]: logits at some positions of a line of tokens. */
  predict(
    ids: Int32Array<ArrayBuffer>,
    positions: readonly number[],
  ): Promise<Float32Array<ArrayBuffer>>;
  dispose(): void;
}

/**
 * Brings a model to the device.
 *
 * @throws {TrainingError} if a parameter is missing, or of another shape than the model's
 */
export function loadModel({ model, tensors }: ReadModel): MaskedLanguageModel {
  const { vocab, length } = model.config;
  const parameters = toDevice(tensors, model.specs);
  return {
    ...{ vocab, length },
    predict: (ids, positions) => model.predict(parameters, lineBatch(ids, positions)),
    dispose() {
      tree.dispose(parameters);
      model.dispose();
    },
  };
}
