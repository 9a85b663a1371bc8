/** @file Files that are whole or not there, and on disk once they are. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { TrainingError } from '../errors.ts';
import { fileProblem } from '../file-problem.ts';

/** What a file holds. */
export interface FileDigest {
  readonly bytes: number;
  /** SHA-256, in hexadecimal digits. */
  readonly sha256: string;
}

/** Bytes written or read at once: a call takes less than 2 GiB, on any runtime. */
const chunkSize = 2 ** 24;

/**
 * Writes a file under a temporary name beside its own, and renames it when all of it is on disk. On failure the file
 * is as it was.
 *
 * @param parts the file's bytes, in order; each is written before the next is asked for
 * @throws {TrainingError} if it cannot be written, as on a full disk.
 */
export async function writeDurably(
  path: string,
  parts: Iterable<Uint8Array<ArrayBuffer>>,
): Promise<FileDigest> {
  const draft = `${path}.tmp-${process.pid}`;
  try {
    const digest = await writeSynced(draft, parts);
    await rename(draft, path);
    await syncFolder(dirname(path));
    return digest;
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => {});
    throw fileError('write', path, cause);
  }
}

async function writeSynced(
  path: string,
  parts: Iterable<Uint8Array<ArrayBuffer>>,
): Promise<FileDigest> {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(path, 'w');
  try {
    for (const part of parts) {
      for (const chunk of chunksOf(part)) {
        await writeFully(file, chunk);
        hash.update(chunk);
        bytes += chunk.length;
      }
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function writeFully(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done)).bytesWritten;
  }
}

/**
 * Fills `bytes` with what a file holds from a position on.
 *
 * @throws {TrainingError} if the file ends before.
 */
export async function readFully(
  path: string,
  file: FileHandle,
  bytes: Uint8Array<ArrayBuffer>,
  position: number,
): Promise<void> {
  let done = 0;
  for (const chunk of chunksOf(bytes)) {
    for (let read = 0; read < chunk.length; ) {
      const { bytesRead } = await file.read(chunk, read, chunk.length - read, position + done);
      if (bytesRead === 0) {
        const expected = position + bytes.length;
        throw new TrainingError(
          'CHECKPOINT',
          `${path} ends at byte ${position + done}, expected ${expected} bytes or more: ${damagedAdvice}`,
        );
      }
      read += bytesRead;
      done += bytesRead;
    }
  }
}

/** What to do about a file that is not what it should be. */
export const damagedAdvice = 'it was cut short or changed, use another copy or an older checkpoint';

function* chunksOf(bytes: Uint8Array<ArrayBuffer>): Iterable<Uint8Array<ArrayBuffer>> {
  for (let start = 0; start < bytes.length; start += chunkSize) {
    yield bytes.subarray(start, start + chunkSize);
  }
}

/** @throws {TrainingError} if the file cannot be read. */
export async function digestOf(path: string): Promise<FileDigest> {
  return withFile(path, async (file) => {
    const hash = createHash('sha256');
    const chunk = new Uint8Array(chunkSize);
    for (let bytes = 0; ; ) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, bytes);
      if (bytesRead === 0) return { bytes, sha256: hash.digest('hex') };
      hash.update(chunk.subarray(0, bytesRead));
      bytes += bytesRead;
    }
  });
}

/**
 * Opens a file for what `read` does with it.
 *
 * @throws {TrainingError} if the file cannot be read.
 */
export async function withFile<Result>(
  path: string,
  read: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    return await read(file);
  } catch (cause) {
    throw fileError('read', path, cause);
  } finally {
    await file?.close();
  }
}

/** Puts the names in a folder on disk; not every system lets folders be opened for that. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

/** The error of an operation on a file or folder; one that is told already stays as it is. */
export function fileError(
  doing: 'read' | 'write' | 'remove',
  path: string,
  cause: unknown,
): TrainingError {
  if (cause instanceof TrainingError) return cause;
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT' && doing === 'read') {
    return new TrainingError('CHECKPOINT', `There is no file ${path}: check the path`, { cause });
  }
  const problem = fileProblem(doing, path, cause, `expected a path that this user may ${doing}`);
  return new TrainingError('CHECKPOINT', problem, { cause });
}
