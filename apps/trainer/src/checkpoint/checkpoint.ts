import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TrainingError } from '../errors.ts';
import { damagedAdvice, digestOf, type FileDigest, writeDurably } from './durable-file.ts';
import { type HostTensors, readSafetensors, writeSafetensors } from './safetensors.ts';
import {
  type CheckpointFile,
  type CheckpointState,
  readJson,
  readStateFile,
  writeStateFile,
} from './state-file.ts';

/** What a checkpoint holds: all that a run needs to go on as if it had not stopped. */
export interface CheckpointContent {
  readonly state: CheckpointState;
  /** By the names of Hugging Face's state dict. */
  readonly model: HostTensors;
  /** What the optimiser remembers. */
  readonly optimizer: HostTensors;
  /** Hugging Face's `config.json`: with it the folder is a model that transformers loads. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Whether its evaluation is the best so far. */
  readonly isBest: boolean;
}

/** What is written beside a checkpoint's content. */
export interface CheckpointExtras {
  /** Whether only the next step will show that it is sound. */
  readonly isUnproven?: boolean;
  /** Folder of a tokenizer, whose files are copied. */
  readonly tokenizer?: string;
}

/** Files of a tokenizer that transformers looks for. */
const isTokenizerFile = (name: string): boolean =>
  /^(tokenizer|tokenizer_config|special_tokens_map|vocab)\.(json|txt)$/.test(name);

/** A checkpoint that was read. */
export interface Checkpoint extends CheckpointContent {
  readonly folder: string;
}

/** Name of the file that is written last and speaks for the others. */
export const stateFile = 'state.json';

/**
 * Writes a checkpoint's files into a folder that is there.
 *
 * @param serial grows with each checkpoint of a run
 * @throws {TrainingError} if one cannot be written.
 */
export async function writeCheckpoint(
  folder: string,
  { state, model, optimizer, config, isBest, tokenizer }: CheckpointContent & CheckpointExtras,
  serial: number,
): Promise<void> {
  if (tokenizer !== undefined) await copyTokenizer(tokenizer, folder);
  const json = new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`);
  const files: Record<CheckpointFile, FileDigest> = {
    // transformers refuses a file that does not say whose tensors it has.
    'model.safetensors': await writeSafetensors(join(folder, 'model.safetensors'), model, {
      format: 'pt',
    }),
    'optimizer.safetensors': await writeSafetensors(
      join(folder, 'optimizer.safetensors'),
      optimizer,
    ),
    'config.json': await writeDurably(join(folder, 'config.json'), [json]),
  };
  await writeStateFile(join(folder, stateFile), { state, isBest, serial, files });
}

/**
 * Reads a checkpoint whole, and checks each file against its SHA-256.
 *
 * @throws {TrainingError} naming the file that is missing, cut short or changed.
 */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
  const { state, isBest, files } = await readStateFile(join(folder, stateFile));
  await checkFile(folder, 'model.safetensors', files);
  await checkFile(folder, 'optimizer.safetensors', files);
  await checkFile(folder, 'config.json', files);
  const { tensors: model } = await readSafetensors(join(folder, 'model.safetensors'));
  const { tensors: optimizer } = await readSafetensors(join(folder, 'optimizer.safetensors'));
  const config = await readJson(join(folder, 'config.json'));
  return { folder, state, model, optimizer, config, isBest };
}

/** Copies a tokenizer's files. */
export async function copyTokenizer(from: string, to: string): Promise<void> {
  const names = (await readdir(from)).filter(isTokenizerFile);
  for (const name of names) {
    await writeDurably(join(to, name), [new Uint8Array(await readFile(join(from, name)))]);
  }
}

async function checkFile(
  folder: string,
  name: CheckpointFile,
  files: Readonly<Record<CheckpointFile, FileDigest>>,
): Promise<void> {
  const expected = files[name];
  const path = join(folder, name);
  const found = await digestOf(path);
  if (found.bytes === expected.bytes && found.sha256 === expected.sha256) return;
  const say = ({ bytes, sha256 }: FileDigest): string =>
    `${bytes} bytes with the SHA-256 ${sha256}`;
  throw new TrainingError(
    'CHECKPOINT',
    `${path} has ${say(found)}, expected ${say(expected)} as ${stateFile} says: ${damagedAdvice}`,
  );
}
