/**
 * @file Files and folders in the making. They are written under a temporary name beside their place, so that
 * they are whole there or not there at all, and are removed however the process ends, but for a SIGKILL. What
 * such an end leaves (`name.<12 hexadecimal digits>.tmp`) is in nobody's way, and may be removed.
 */
import { randomBytes } from 'node:crypto';
import { renameSync, rmdirSync, rmSync } from 'node:fs';
import { mkdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import process from 'node:process';
import { OutputError } from './errors.ts';

/** A file or folder in the making. */
export interface Draft {
  /** Where to write it: a file that is not there yet, or an empty folder. */
  readonly path: string;
  /**
   * Moves it into place, where a file replaces a file. Never yields to the event loop before that is done.
   *
   * @throws {OutputError} if it cannot be moved there.
   */
  keep(): void;
  /** Removes it, and the folders that were made for it. */
  discard(): Promise<void>;
}

/** All that a process that ends has to remove. */
const drafts = new Set<{ readonly path: string; readonly folders: readonly string[] }>();
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Begins a file or folder. If the process ends by `process.exit()`, an uncaught error, SIGINT, SIGTERM or SIGHUP
 * before it was kept, it is removed. A process with handlers of its own for these signals decides itself whether
 * they end it.
 *
 * @param target its place; the folders above it are made
 * @throws {OutputError} if it cannot be written there.
 *
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { createDraft } from '@maskloom/shards';
 * const draft = await createDraft('notes.txt', 'file');
 * try {
 *   await writeFile(draft.path, 'whole or not there');
 *   draft.keep();
 * } catch (error) {
 *   await draft.discard();
 *   throw error;
 * }
 * ```
 */
export async function createDraft(target: string, kind: 'file' | 'folder'): Promise<Draft> {
  if (target === '') throw new OutputError('""', 'the name is empty; give one');
  const place = resolve(target);
  const path = `${place}.${randomBytes(6).toString('hex')}.tmp`;
  if (kind === 'file' && (await isFolder(place))) {
    throw new OutputError(target, 'a folder has that name; choose the name of a file');
  }
  const draft = { path, folders: await makeFolders(dirname(place)) };
  watch(draft);
  const discard = async (): Promise<void> => {
    await rm(path, { recursive: true, force: true });
    // One that has been filled meanwhile stays.
    for (const folder of draft.folders.toReversed()) await rmdir(folder).catch(() => {});
    unwatch(draft);
  };
  if (kind === 'folder') {
    try {
      await mkdir(path);
    } catch (cause) {
      await discard();
      throw OutputError.of(target, cause);
    }
  }
  return {
    path,
    discard,
    keep() {
      try {
        renameSync(path, place);
      } catch (cause) {
        throw OutputError.of(target, cause);
      }
      unwatch(draft);
    },
  };
}

/**
 * Makes a folder and those above it; returns those that were not there, outermost first.
 *
 * @throws {OutputError} if it cannot be made.
 */
export async function makeFolders(folder: string): Promise<string[]> {
  // Node's recursive mkdir() never returns where a folder takes no entries and says ENOENT, as /proc does.
  const missing: string[] = [];
  const made: string[] = [];
  try {
    let above = resolve(folder);
    for (; !(await exists(above)); above = dirname(above)) missing.unshift(above);
    if (!(await isFolder(above))) {
      throw new OutputError(folder, `${above} is no folder; choose another place`);
    }
    for (const next of missing) if (await makeFolder(next)) made.push(next);
  } catch (cause) {
    for (const next of made.toReversed()) await rmdir(next).catch(() => {});
    throw OutputError.of(folder, cause);
  }
  return made;
}

/** Returns false if it is there meanwhile. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if (await isFolder(folder)) return false;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

type Watched = typeof drafts extends Set<infer One> ? One : never;

function watch(draft: Watched): void {
  drafts.add(draft);
  if (drafts.size > 1) return;
  process.on('exit', discardAll);
  for (const signal of signals) process.on(signal, endBy);
}

function unwatch(draft: Watched): void {
  drafts.delete(draft);
  if (drafts.size > 0) return;
  process.off('exit', discardAll);
  for (const signal of signals) process.off(signal, endBy);
}

function endBy(signal: NodeJS.Signals): void {
  // Whoever else listens decides what becomes of the process, and with it of the drafts.
  if (process.listenerCount(signal) > 1) return;
  discardAll();
  process.off(signal, endBy);
  process.kill(process.pid, signal);
}

function discardAll(): void {
  // Writes that are under way may still add a file.
  const options = { recursive: true, force: true, maxRetries: 5, retryDelay: 20 };
  const all = [...drafts];
  for (const { path } of all) attempt(() => rmSync(path, options));
  for (const folder of all.flatMap(({ folders }) => folders).toReversed()) {
    attempt(() => rmdirSync(folder));
  }
}

function attempt(remove: () => void): void {
  try {
    remove();
  } catch {
    // Nobody is left to be told.
  }
}
