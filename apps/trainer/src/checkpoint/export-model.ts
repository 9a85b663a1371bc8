import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TrainingError } from '../errors.ts';
import { type Checkpoint, copyTokenizer, readCheckpoint } from './checkpoint.ts';
import { fileError, writeDurably } from './durable-file.ts';
import { discriminatorTensors, generatorTensors } from './electra-tensors.ts';
import { generatorConfigOf } from './generator-config-of.ts';
import { huggingFaceGeneratorConfig } from './hugging-face-config.ts';
import { draftOf, putInPlace } from './leftovers.ts';
import { type HostTensors, writeSafetensors } from './safetensors.ts';

/**
 * Writes the model of a checkpoint without what training needs: a folder that transformers loads, whole or not there. Of an
 * ELECTRA it is the discriminator, and the generator is in `generator` beneath it.
 *
 * @throws {TrainingError} if the checkpoint is not whole, or the folder is there or can't be written
 */
export async function exportModel(folder: string, out: string): Promise<void> {
  const checkpoint = await readCheckpoint(folder);
  // A file is no folder to be replaced either.
  const isThere = await readdir(out).then(
    (names) => names.length > 0,
    () => existsSync(out),
  );
  if (isThere) {
    throw new TrainingError(
      'CHECKPOINT',
      `${out} is there already, expected a new or an empty folder: choose another --out`,
    );
  }
  const draft = draftOf(out);
  try {
    await mkdir(dirname(out), { recursive: true });
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft);
    for (const written of await writeModels(checkpoint, draft)) {
      await copyTokenizer(folder, written);
    }
    await putInPlace(draft, out);
  } catch (cause) {
    await rm(draft, { recursive: true, force: true }).catch(() => {});
    throw cause instanceof TrainingError ? cause : fileError('write', out, cause);
  }
}

/** The folders that were written. */
async function writeModels(
  { model, config, state }: Checkpoint,
  out: string,
): Promise<readonly string[]> {
  if (config['model_type'] !== 'electra') {
    await writeModel(out, model, config);
    return [out];
  }
  await writeModel(out, discriminatorTensors(model), config);
  const padId = Number(config['pad_token_id']);
  const generatorFolder = join(out, 'generator');
  await mkdir(generatorFolder);
  const generator = huggingFaceGeneratorConfig(generatorConfigOf(state), { padId });
  await writeModel(generatorFolder, generatorTensors(model), generator);
  return [out, generatorFolder];
}

async function writeModel(folder: string, model: HostTensors, config: object): Promise<void> {
  const json = new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`);
  await writeSafetensors(join(folder, 'model.safetensors'), model, { format: 'pt' });
  await writeDurably(join(folder, 'config.json'), [json]);
}
