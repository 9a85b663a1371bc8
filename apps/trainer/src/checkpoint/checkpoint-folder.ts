import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TrainingError } from '../errors.ts';
import { listCheckpoints } from './checkpoints.ts';

/** What makes a folder that of a model. */
const modelFiles = ['config.json', 'model.safetensors'];

/** Names that a message lists of a folder. */
const mostNames = 8;

/**
 * The folder of a model: the one given if it has a model; or, of the folder of a run, its best checkpoint, or its last
 * if none is known to be best.
 *
 * @param option by which it was given, for messages
 * @throws {TrainingError} if there is none.
 */
export async function checkpointFolder(
  given: string,
  option: '--checkpoint' | '--init-from',
): Promise<string> {
  if (modelFiles.every((name) => existsSync(join(given, name)))) return given;
  const checkpoints = join(given, 'checkpoints');
  const listed = existsSync(checkpoints) ? await listCheckpoints(checkpoints) : [];
  const readable = listed.filter(({ record }) => record !== undefined);
  const chosen = readable.find(({ record }) => record?.isBest) ?? readable[0];
  if (chosen !== undefined) return chosen.path;
  throw new TrainingError(
    'CHECKPOINT',
    `${given} is not a checkpoint of a run nor an exported model: ${await contentOf(given)}, expected ${modelFiles.join(' and ')}, or checkpoints/ with a whole one as a run with --out writes; give ${option} such a folder`,
  );
}

async function contentOf(folder: string): Promise<string> {
  if (!existsSync(folder)) return 'there is no such folder';
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined) return 'it is no folder';
  if (names.length === 0) return 'it is empty';
  const shown = names.sort().slice(0, mostNames).join(', ');
  const more = names.length - mostNames;
  return more > 0 ? `it has ${shown} and ${more} more` : `it has ${shown}`;
}
