import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { TrainingError } from './errors.ts';
import { fileProblem } from './file-problem.ts';

/**
 * Keeps other processes from training in a run's folder until it is disposed of, or this process ends, in whatever way.
 *
 * @throws {TrainingError} if another one trains there, or the folder cannot be written.
 */
export function lockRun(out: string): Disposable {
  const path = join(out, 'lock');
  let file: Deno.FsFile;
  try {
    mkdirSync(out, { recursive: true });
    file = Deno.openSync(path, { read: true, write: true, create: true });
  } catch (cause) {
    const advice = 'give --out a folder that this user may write';
    throw new TrainingError('CHECKPOINT', fileProblem('write', path, cause, advice), { cause });
  }
  if (isTaken(file)) {
    file.close();
    throw new TrainingError(
      'CHECKPOINT',
      `Another process${holderOf(path)} trains in ${out}: wait until it has ended, or stop it, or choose another --out`,
    );
  }
  file.truncateSync();
  file.writeSync(new TextEncoder().encode(`${process.pid}\n`));
  return { [Symbol.dispose]: () => file.close() };
}

function isTaken(file: Deno.FsFile): boolean {
  try {
    return !file.tryLockSync(true);
  } catch {
    // Some network file systems have no locks: there nobody is kept out.
    return false;
  }
}

function holderOf(path: string): string {
  try {
    return ` (pid ${Deno.readTextFileSync(path).trim()})`;
  } catch {
    // Windows lets nobody else read it.
    return '';
  }
}
