import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stateFile } from '../checkpoint/checkpoint.ts';
import { readStateFile } from '../checkpoint/state-file.ts';
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
  const names = await readdir(checkpoints).catch((): string[] => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(checkpoints, name);
      const state = await readStateFile(join(path, stateFile)).catch(() => undefined);
      return { path, state };
    }),
  );
  const whole = found
    .filter(({ state }) => state !== undefined)
    .sort((a, b) => b.state!.serial - a.state!.serial);
  const chosen = whole.find(({ state }) => state!.isBest) ?? whole[0];
  if (chosen !== undefined) return chosen.path;
  throw new TrainingError(
    'CHECKPOINT',
    `There is no model in ${given}, expected config.json, or checkpoints/ as a run with --out writes: give --checkpoint such a folder`,
  );
}
