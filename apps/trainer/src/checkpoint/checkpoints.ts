import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ArgumentError } from '@maskloom/core';
import { TrainingError } from '../errors.ts';
import {
  type Checkpoint,
  type CheckpointContent,
  type CheckpointExtras,
  readCheckpoint,
  stateFile,
  writeCheckpoint,
} from './checkpoint.ts';
import { fileError } from './durable-file.ts';
import { discard, draftOf, putInPlace, tidy } from './leftovers.ts';
import { readStateFile, type StateRecord } from './state-file.ts';

export type { Checkpoint, CheckpointContent } from './checkpoint.ts';
export type { CheckpointState } from './state-file.ts';

/** The checkpoints of a run, in a folder: `step-00001000` and so on. */
export interface Checkpoints {
  /**
   * Writes a checkpoint and removes all but the last ones and the best; one that is unproven leaves the one before, too.
   * It is whole and on disk when this resolves; if the process dies before, the older ones are as they were.
   *
   * @returns its folder
   * @throws {TrainingError} if it cannot be written, as on a full disk.
   */
  save(content: CheckpointContent & CheckpointExtras): Promise<string>;
  /**
   * The last that was written and is whole; undefined if there is none.
   *
   * @throws {TrainingError} if there are checkpoints, and none is whole.
   */
  latest(): Promise<LatestCheckpoint | undefined>;
  /** Folder of the newest with fewer steps than so many; undefined if there is none. */
  lastBefore(step: number): Promise<string | undefined>;
  /**
   * The best one; undefined if there is none.
   *
   * @throws {TrainingError} if it is not whole.
   */
  best(): Promise<Checkpoint | undefined>;
  /** @throws {TrainingError} naming the file that is missing, cut short or changed. */
  read(folder: string): Promise<Checkpoint>;
}

/** The newest whole checkpoint. */
export interface LatestCheckpoint extends Checkpoint {
  /** Newer ones that are not whole, and why. */
  readonly passedOver: readonly DamagedCheckpoint[];
}

export interface DamagedCheckpoint {
  readonly folder: string;
  readonly error: TrainingError;
}

export interface CheckpointsOptions {
  /** Checkpoints to keep, beside the best. */
  readonly keep: number;
}

/**
 * Opens a folder of checkpoints, and makes it if need be. Removes what processes that died while writing left.
 *
 * @throws {ArgumentError} if fewer than one checkpoint is to be kept.
 * @throws {TrainingError} if the folder cannot be written.
 */
export async function openCheckpoints(
  folder: string,
  { keep }: CheckpointsOptions,
): Promise<Checkpoints> {
  if (!Number.isInteger(keep) || keep < 1) {
    throw new ArgumentError('keep', 'an integer from 1', keep);
  }
  try {
    await mkdir(folder, { recursive: true });
    await tidy(folder);
  } catch (cause) {
    throw fileError('write', folder, cause);
  }
  return {
    async save(content) {
      const path = await add(folder, content);
      await prune(folder, content.isUnproven ? Math.max(keep, 2) : keep);
      return path;
    },
    latest: () => readLatest(folder),
    async lastBefore(step) {
      const listed = await listCheckpoints(folder);
      return listed.find(({ record }) => record !== undefined && record.state.step < step)?.path;
    },
    async best() {
      const found = (await listCheckpoints(folder)).find(({ record }) => record?.isBest);
      return found && readCheckpoint(found.path);
    },
    read: readCheckpoint,
  };
}

async function add(folder: string, content: CheckpointContent & CheckpointExtras): Promise<string> {
  const { step } = content.state;
  const path = join(folder, `step-${String(step).padStart(8, '0')}`);
  const draft = draftOf(path);
  try {
    const serial =
      (await listCheckpoints(folder)).find(({ record }) => record)?.record?.serial ?? 0;
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft);
    await writeCheckpoint(draft, content, serial + 1);
    await putInPlace(draft, path);
    return path;
  } catch (error) {
    await rm(draft, { recursive: true, force: true }).catch(() => {});
    const cause = fileError('write', path, error);
    const outcome = `The checkpoint of step ${step} was not written, older ones are as they were`;
    throw new TrainingError('CHECKPOINT', `${outcome}. ${cause.message}`, { cause });
  }
}

/** Removes all but the last and the best. What cannot be read is left for someone to look at. */
async function prune(folder: string, keep: number): Promise<void> {
  const readable = (await listCheckpoints(folder)).filter(({ record }) => record);
  const best = readable.find(({ record }) => record?.isBest);
  for (const old of readable.slice(keep)) {
    if (old === best) continue;
    await discard(old.path).catch((cause) => {
      throw fileError('remove', old.path, cause);
    });
  }
}

async function readLatest(folder: string): Promise<LatestCheckpoint | undefined> {
  const passedOver: DamagedCheckpoint[] = [];
  for (const { path } of await listCheckpoints(folder)) {
    try {
      return { ...(await readCheckpoint(path)), passedOver };
    } catch (error) {
      if (!(error instanceof TrainingError)) throw error;
      passedOver.push({ folder: path, error });
    }
  }
  if (passedOver.length === 0) return undefined;
  const reasons = passedOver.map(({ error }) => error.message).join('; ');
  throw new TrainingError(
    'CHECKPOINT',
    `None of the checkpoints in ${folder} is whole: ${reasons}; if there is no other copy, begin anew with another --out`,
  );
}

/** A folder that is a checkpoint by its name. */
export interface ListedCheckpoint {
  readonly path: string;
  /** undefined if its state cannot be read. */
  readonly record: StateRecord | undefined;
}

/** The checkpoints in a folder, the last written first; before them those whose state cannot be read. */
export async function listCheckpoints(folder: string): Promise<ListedCheckpoint[]> {
  const names = (await readdir(folder)).filter((name) => /^step-\d{8,}$/.test(name));
  const newestFirst = names.sort().reverse();
  const listed = await Promise.all(
    newestFirst.map(async (name): Promise<ListedCheckpoint> => {
      const path = join(folder, name);
      return { path, record: await readStateFile(join(path, stateFile)).catch(() => undefined) };
    }),
  );
  const serialOf = ({ record }: ListedCheckpoint): number =>
    record?.serial ?? Number.MAX_SAFE_INTEGER;
  return listed.sort((one, other) => serialOf(other) - serialOf(one));
}
