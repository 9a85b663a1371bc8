/**
 * @file Folders on their way in and out. `NAME.tmp-PID` is being written or removed by that process, and worth nothing once
 * it is dead; `NAME.old-PID` was moved aside for the folder that replaces it.
 */
import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { syncFolder } from './durable-file.ts';

const suffix = /\.(tmp|old)-(\d+)$/;

/** Where a folder is written before it gets its name. */
export function draftOf(path: string): string {
  return `${path}.tmp-${process.pid}`;
}

/** Gives a draft its name. What had it is there until then, and back again if the process dies in between. */
export async function putInPlace(draft: string, path: string): Promise<void> {
  const old = `${path}.old-${process.pid}`;
  const isReplaced = await renameIfThere(path, old);
  try {
    await rename(draft, path);
  } catch (error) {
    if (isReplaced) await rename(old, path);
    throw error;
  }
  await syncFolder(dirname(path));
  if (isReplaced) await discard(old);
}

/** Removes a folder: under its own name it is whole or not there. */
export async function discard(path: string): Promise<void> {
  const doomed = join(dirname(path), `${basename(path).replace(suffix, '')}.tmp-${process.pid}`);
  await rename(path, doomed);
  await rm(doomed, { recursive: true });
}

/** Removes what dead processes left, and puts back what they had moved aside for a folder that never came. */
export async function tidy(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [ending, kind, pid] = suffix.exec(name) ?? [];
    if (ending === undefined || isAlive(Number(pid))) continue;
    const path = join(folder, name);
    const wanted = path.slice(0, -ending.length);
    const isBack = kind === 'old' && (await renameIfFree(path, wanted));
    if (!isBack) await rm(path, { recursive: true, force: true });
  }
  await syncFolder(folder);
}

/** Whether another process has this id; what this one left under it is from a life before. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function renameIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** A folder that has files is never replaced by a rename. */
async function renameIfFree(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw error;
  }
}
