import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Position } from '@maskloom/client';
import { TrainingError } from '../errors.ts';
import type { BestState } from '../training/best.ts';
import { damagedAdvice, type FileDigest, fileError, writeDurably } from './durable-file.ts';

/** How far a run has come, beside what it has learnt. JSON. */
export interface CheckpointState {
  /** Of this format. */
  readonly version: 1;
  /** Steps done. */
  readonly step: number;
  readonly planId: string;
  /** Where the next batch is: the loader's state, once there was a batch. */
  readonly loader: Position;
  /** The stream digest of all batches so far, in hexadecimal digits. */
  readonly digest: string;
  readonly best: BestState;
  /** Set if the run was stopped before the evaluation after these steps was done. */
  readonly isEvaluationDue?: boolean;
  /** What must be the same in a run that goes on from here. */
  readonly run: Readonly<Record<string, unknown>>;
}

/** Files that a state speaks for. */
export type CheckpointFile = 'model.safetensors' | 'optimizer.safetensors' | 'config.json';

/** What `state.json` says. */
export interface StateRecord {
  readonly state: CheckpointState;
  /** Whether it was the best so far. */
  readonly isBest: boolean;
  /** Grows with each checkpoint that is written; steps need not, in a run that was taken back to an earlier one. */
  readonly serial: number;
  readonly files: Readonly<Record<CheckpointFile, FileDigest>>;
}

const version = 1;

/** @throws {TrainingError} if it cannot be written. */
export async function writeStateFile(path: string, record: StateRecord): Promise<void> {
  const { state, ...rest } = record;
  const content = { ...state, ...rest };
  const sealed = { ...content, sha256: sealOf(content) };
  await writeDurably(path, [new TextEncoder().encode(`${JSON.stringify(sealed, null, 2)}\n`)]);
}

/** @throws {TrainingError} if it cannot be read, was changed, or is of another version. */
export async function readStateFile(path: string): Promise<StateRecord> {
  const { sha256, ...content } = await readJson(path);
  if (content['version'] !== version) {
    const found = JSON.stringify(content['version']) ?? 'missing';
    const advice = found === 'missing' ? damagedAdvice : 'read it with the release that wrote it';
    throw new TrainingError(
      'CHECKPOINT',
      `${path} is of version ${found}, expected ${version}: ${advice}`,
    );
  }
  const expected = sealOf(content);
  if (sha256 !== expected) {
    throw new TrainingError(
      'CHECKPOINT',
      `${path} has the SHA-256 ${expected}, expected ${JSON.stringify(sha256)} as it says itself: ${damagedAdvice}`,
    );
  }
  const { isBest, serial, files, ...state } = content as unknown as CheckpointState &
    Omit<StateRecord, 'state'>;
  return { state, isBest, serial, files };
}

/** SHA-256 of the content without the seal. */
function sealOf(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/** @throws {TrainingError} if there is no JSON object in the file. */
export async function readJson(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw fileError('read', path, cause);
  });
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found === 'object' && found !== null) return found as Record<string, unknown>;
  } catch {
    // Said below.
  }
  const found = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  throw new TrainingError(
    'CHECKPOINT',
    `${path} has ${JSON.stringify(found)}, expected a JSON object: ${damagedAdvice}`,
  );
}
