/**
 * What is wrong with a file or folder and what to do: on a full disk to free some of it, else as advised.
 *
 * @param name what it is called in the message
 */
export function fileProblem(
  doing: 'read' | 'write' | 'remove',
  name: string,
  cause: unknown,
  advice: string,
): string {
  const { code } = cause as NodeJS.ErrnoException;
  const problem = cause instanceof Error ? cause.message : String(cause);
  const todo = code === 'ENOSPC' ? 'the disk is full, free some of it' : advice;
  return `Cannot ${doing} ${name} (${problem}): ${todo}`;
}
