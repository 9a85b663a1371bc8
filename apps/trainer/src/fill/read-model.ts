import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { stateFile } from '../checkpoint/checkpoint.ts';
import { electraPartOf, generatorTensors } from '../checkpoint/electra-tensors.ts';
import { generatorConfigOf } from '../checkpoint/generator-config-of.ts';
import { modelConfigOf } from '../checkpoint/model-config-of.ts';
import { type HostTensors, readSafetensors } from '../checkpoint/safetensors.ts';
import { readJson, readStateFile } from '../checkpoint/state-file.ts';
import { TrainingError } from '../errors.ts';
import type { ModelConfig } from '../model/config.ts';
import { electraGenerator } from '../model/electra-generator.ts';
import type { Model } from '../model/model.ts';
import { createModel } from '../model/models.ts';

/** A model for hidden tokens, and its parameters on the host. */
export interface ReadModel {
  readonly model: Model;
  readonly tensors: HostTensors;
}

/**
 * Reads the model of a checkpoint, or one that was exported: `config.json` and `model.safetensors`. Of an ELECTRA it is the
 * generator that fills in.
 *
 * @throws {TrainingError} naming the file that is missing or damaged, or the field of a model that is not computed here; if
 * the model is a discriminator
 */
export async function readModel(folder: string): Promise<ReadModel> {
  const path = join(folder, 'config.json');
  const config = modelConfigOf(await readJson(path), path);
  const { tensors } = await readSafetensors(join(folder, 'model.safetensors'));
  if (config.architecture === 'electra') return await readGenerator(folder, config, tensors);
  return { model: createModel(config), tensors };
}

async function readGenerator(
  folder: string,
  config: ModelConfig,
  tensors: HostTensors,
): Promise<ReadModel> {
  switch (electraPartOf(tensors)) {
    case 'generator':
      return { model: electraGenerator(config), tensors };
    case 'both': {
      const { state } = await readStateFile(join(folder, stateFile));
      const model = electraGenerator(generatorConfigOf(state));
      return { model, tensors: generatorTensors(tensors) };
    }
    case 'discriminator':
      throw discriminatorError(folder);
  }
}

function discriminatorError(folder: string): TrainingError {
  const exported = join(folder, 'generator');
  const advice = existsSync(join(exported, 'config.json'))
    ? `give --checkpoint ${exported}`
    : 'give --checkpoint the folder generator that `maskloom-train export` writes, or a checkpoint of the run';
  return new TrainingError(
    'CHECKPOINT',
    `The model in ${folder} is an ELECTRA's discriminator, which tells replaced tokens and does not fill masks, expected its generator: ${advice}`,
  );
}
