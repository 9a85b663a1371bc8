/** What a system error means here and what to do about it, by its code. */
const remedies: Record<string, string> = {
  EADDRINUSE: 'the port is in use: give another with --port, or 0 for any free one',
  EADDRNOTAVAIL: 'this machine does not have that address: give another with --host',
  EACCES: 'permission denied: choose a place (or a port) this user may use',
  ENOENT: 'no such file or folder: check the path',
  EISDIR: 'a folder, expected a file: check the path',
  ENOTDIR: 'a file, expected a folder: check the path',
  EEXIST: 'it is already there: choose another place, or remove it first',
  ENOSPC: 'the disk is full: free some space and run again',
};

/** One line for a person: what went wrong and what to do. */
export function errorLine(error: unknown): string {
  if (!(error instanceof Error)) return `maskloom: ${String(error)}`;
  const { code, path } = error as NodeJS.ErrnoException;
  const remedy = code === undefined ? undefined : remedies[code];
  const message = remedy === undefined ? error.message : `${path ?? error.message}: ${remedy}`;
  return `maskloom: ${message.replaceAll(/\s*\n\s*/g, ' ')}`;
}

/** Prints an error and sets the exit code. The stack is shown on request only. */
export function reportError(error: unknown, verbose: boolean): void {
  console.error(errorLine(error));
  if (verbose && error instanceof Error) console.error(error.stack);
  // A command may have set another.
  process.exitCode ||= 1;
}
