import { join } from 'node:path';
import { tree } from '@jax-js/jax';
import { stateFile } from '../checkpoint/checkpoint.ts';
import { modelConfigOf } from '../checkpoint/model-config-of.ts';
import { readSafetensors } from '../checkpoint/safetensors.ts';
import { readJson, readStateFile } from '../checkpoint/state-file.ts';
import type { ModelConfig } from '../model/config.ts';
import { toDevice } from '../model/host-parameters.ts';
import { createModel } from '../model/models.ts';
import { lineBatch } from './line-batch.ts';

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
 * Loads a model from a folder with `config.json` and `model.safetensors`. Of an ELECTRA it is the generator that fills in,
 * whose size `state.json` tells.
 *
 * @throws {TrainingError} naming the file that is missing or damaged, or the field of a model that is not computed here.
 */
export async function loadModel(folder: string): Promise<MaskedLanguageModel> {
  const config = await configIn(folder);
  const { tensors } = await readSafetensors(join(folder, 'model.safetensors'));
  const model = createModel(config);
  const parameters = toDevice(tensors, model.specs);
  return {
    vocab: config.vocab,
    length: config.length,
    predict: (ids, positions) => model.predict(parameters, lineBatch(ids, positions)),
    dispose() {
      tree.dispose(parameters);
      model.dispose();
    },
  };
}

async function configIn(folder: string): Promise<ModelConfig> {
  const path = join(folder, 'config.json');
  const config = modelConfigOf(await readJson(path), path);
  if (config.architecture !== 'electra') return config;
  const { state } = await readStateFile(join(folder, stateFile));
  return { ...config, generatorSize: Number(state.run['generatorSize']) };
}
