/**
 * @file Writes checkpoints of tiny models that know nothing, with the folders that transformers should load:
 * `write-models.ts FOLDER '{"architecture":"bert"}' …` prints these folders as JSON.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { openCheckpoints } from '../checkpoint/checkpoints.ts';
import { generatorTensors } from '../checkpoint/electra-tensors.ts';
import {
  huggingFaceConfig,
  huggingFaceGeneratorConfig,
} from '../checkpoint/hugging-face-config.ts';
import { type HostTensors, writeSafetensors } from '../checkpoint/safetensors.ts';
import { type ModelConfig, modelConfig } from '../model/config.ts';
import { generatorConfig } from '../model/electra.ts';
import { createModel } from '../model/models.ts';
import { type ParameterSpec, sizeOf } from '../model/parameters.ts';
import { checkpointContent } from './checkpoint-content.ts';
import { tiny } from './tiny.ts';

const ids = { padId: 0 };

/** Values that tell tensors apart. */
function tensorsOf(specs: readonly ParameterSpec[]): HostTensors {
  const entries = specs.map(({ name, shape }, tensor) => {
    const data = Float32Array.from(
      { length: sizeOf(shape) },
      (_, index) => tensor + Math.sin(index),
    );
    return [name, { shape, data }] as const;
  });
  return Object.fromEntries(entries);
}

async function writeModel(folder: string, given: Partial<ModelConfig>): Promise<string[]> {
  const config = modelConfig({ ...tiny, ...given });
  const model = tensorsOf(createModel(config).specs);
  const checkpoints = await openCheckpoints(folder, { keep: 1 });
  const content = { ...checkpointContent(1), model, config: huggingFaceConfig(config, ids) };
  const written = await checkpoints.save(content);
  if (config.architecture !== 'electra') return [written];
  const generator = join(folder, 'generator');
  await mkdir(generator);
  const json = JSON.stringify(huggingFaceGeneratorConfig(generatorConfig(config), ids));
  await writeFile(join(generator, 'config.json'), json);
  await writeSafetensors(join(generator, 'model.safetensors'), generatorTensors(model), {
    format: 'pt',
  });
  return [written, generator];
}

const [folder, ...models] = process.argv.slice(2) as [string, ...string[]];
const written: string[] = [];
for (const [index, given] of models.entries()) {
  written.push(...(await writeModel(join(folder, String(index)), JSON.parse(given))));
}
console.log(JSON.stringify(written));
