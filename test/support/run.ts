import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The `maskloom` command, for Node. */
export const bin = fileURLToPath(new URL('../../apps/loader/bin/maskloom.js', import.meta.url));

/** How a command ended and what it printed. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, in the folder `cwd`; ends it after `timeout` milliseconds. */
export function run(
  program: string,
  words: readonly string[],
  cwd = '.',
  timeout = 120_000,
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, words, { timeout, cwd, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** Runs the `maskloom` command. */
export function maskloom(...words: string[]): Promise<Ended> {
  return run(process.execPath, [bin, ...words]);
}
