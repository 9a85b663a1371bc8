import { readFile } from 'node:fs/promises';

/** Steps that the log of an earlier run has; 0 if there is no log. */
export async function stepsLogged(path: string): Promise<number> {
  const log = await readFile(path, 'utf8').catch(() => '');
  return log.split('\n').filter((line) => line.startsWith('{"type":"step"')).length;
}
