import type { Log } from './log.ts';

/**
 * Joins logs into one, which gives each event to all of them. One that fails takes nothing from the others:
 * what it threw first is thrown after all have had their turn.
 */
export function joinLogs(...logs: readonly Log[]): Log {
  function each(action: (log: Log) => void): void {
    const problems: unknown[] = [];
    for (const log of logs) {
      try {
        action(log);
      } catch (problem) {
        problems.push(problem);
      }
    }
    if (problems.length > 0) throw problems[0];
  }
  return {
    write: (event) => each((log) => log.write(event)),
    close: () => each((log) => log.close()),
  };
}
