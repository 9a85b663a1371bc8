/** @file Plain JavaScript without dependencies, because run.mjs needs it before anything is installed or built. */
import { readFileSync } from 'node:fs';

/**
 * Calls back once the npm or npx that started this process is gone. A terminal's Ctrl-C reaches all, but a signal that is
 * sent to npm alone ends at most npm and the shell between. (SIGINT sent so ends neither: the shell keeps it until this
 * process is done.)
 *
 * @param {() => void} action
 */
export function whenNpmIsGone(action) {
  const parent = process.ppid;
  // Where the shell did not make way for this process, npm is the shell's parent.
  const shell = commandOf(parent)?.[1] === '-c' ? parent : undefined;
  const npm = shell && parentOf(shell);
  const timer = setInterval(() => {
    if (process.ppid === parent && (!npm || parentOf(shell) === npm)) return;
    clearInterval(timer);
    action();
  }, 500).unref();
}

/** Words of a process's command line, on Linux. */
function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return undefined;
  }
}

/** A process's parent, on Linux. */
function parentOf(pid) {
  try {
    return /\) \w (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))[1];
  } catch {
    return undefined;
  }
}
