import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { listCheckpoints } from '../checkpoint/checkpoints.ts';
import { TrainingError } from '../errors.ts';

/**
 * The folder of a model: the one given if it has `config.json`; or, of the folder of a run, its best checkpoint, or its last
 * if none is known to be best.
 *
 * @throws {TrainingError} if there is none.
 */
export async function checkpointFolder(given: string): Promise<string> {
  if (existsSync(join(given, 'config.json'))) return given;
  const checkpoints = join(given, 'checkpoints');
  const listed = existsSync(checkpoints) ? await listCheckpoints(checkpoints) : [];
  const readable = listed.filter(({ record }) => record !== undefined);
  const chosen = readable.find(({ record }) => record?.isBest) ?? readable[0];
  if (chosen !== undefined) return chosen.path;
  throw new TrainingError(
    'CHECKPOINT',
    `There is no model in ${given}, expected config.json, or checkpoints/ as a run with --out writes: give --checkpoint such a folder`,
  );
}
