import { ArgumentError } from '@maskloom/core';

/** What a system error means here and what to do about it, by its code. */
const remedies: Record<string, string> = {
  EADDRINUSE: 'the port is in use: give another with --port, or 0 for any free one',
  EADDRNOTAVAIL: 'this machine does not have that address: give another with --host',
  ENOTFOUND: 'no address has that name: give one of this machine with --host',
  EAI_AGAIN: 'that name could not be looked up: give an address of this machine with --host',
  EACCES: 'permission denied: choose a place (or a port) this user may use',
  EPERM: 'not permitted: choose a place this user may use',
  EROFS: 'it cannot be written to: choose another place',
  ENOENT: 'no such file or folder: check the path',
  EISDIR: 'a folder, expected a file: check the path',
  ENOTDIR: 'a file, expected a folder: check the path',
  EEXIST: 'it is already there: choose another place, or remove it first',
  ENAMETOOLONG: 'the name is too long: choose a shorter one',
  ENOSPC: 'the disk is full: free some space and run again',
};

/**
 * One line for a person: what went wrong and, also for a system error, what to do.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { errorLine } from 'maskloom';
 * await readFile('plan.json').catch((error) => console.log(errorLine(error)));
 * // plan.json: no such file or folder: check the path
 * ```
 */
export function errorLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path, hostname, message } = error as NodeJS.ErrnoException & { hostname?: string };
  const remedy = code === undefined ? undefined : remedies[code];
  const line = remedy === undefined ? message : `${path ?? hostname ?? message}: ${remedy}`;
  return line.replaceAll(/\s*\n\s*/g, ' ');
}

/**
 * Prints an error and sets the exit code. The stack is shown on request only.
 *
 * @param flagOf the command line's name of an argument, if it has one
 */
export function reportError(
  error: unknown,
  verbose: boolean,
  flagOf: (argument: string) => string | undefined,
): void {
  let line = errorLine(error);
  if (error instanceof ArgumentError) {
    const flag = flagOf(error.argument);
    if (flag !== undefined) line = flag + line.slice(error.argument.length);
  }
  console.error(`maskloom: ${line}`);
  if (verbose && error instanceof Error) console.error(error.stack);
  // A command may have set another.
  process.exitCode ||= 1;
}
