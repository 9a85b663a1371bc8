/** @file Node's workers: threads, started by piscina. */
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { FromWorker, ToWorker } from './messages.ts';
import type { StartWorker, WorkerEnd } from './worker-handle.ts';

/** Messages that piscina posts to a thread before it has answered the first, which it does at its work's end: the others it answers at once. */
const messages = 16;

/** Processors that this process may use. */
export function processors(): number {
  return availableParallelism();
}

/**
 * Starts a thread. Each has a piscina of its own: a pool of several would hand a task to another thread, or start one,
 * before the end of a thread that failed is known.
 */
export const startWorker: StartWorker = (start, { heap, onMessage }) => {
  const pool = new Piscina<ToWorker, void>({
    filename: new URL('./thread-entry.cjs', import.meta.url).href,
    name: 'run',
    // One, that neither goes when it is idle nor is started again when it failed.
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: Number.POSITIVE_INFINITY,
    concurrentTasksPerWorker: messages,
    // Asynchronous work in a thread, such as reading ahead, goes on between tasks.
    atomics: 'disabled',
    workerData: start,
    ...(heap === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heap } }),
  });
  const ready = pool.run(undefined as never, { name: 'ready' });
  const [thread] = pool.threads as [Worker];
  // What fails outside of a task comes here too; without a listener it would end the process.
  pool.on('error', () => {});
  thread.on('message', (message: object) => {
    // Piscina's own come here as well.
    if ('answer' in message) onMessage(message as FromWorker);
  });
  const exited = new Promise<number>((resolve) => thread.once('exit', resolve));
  const failed = new Promise<WorkerEnd>((resolve) => {
    thread.once('error', (cause: Error & { code?: string }) => {
      const memory = cause.code === 'ERR_WORKER_OUT_OF_MEMORY';
      resolve(
        memory
          ? { code: 'WORKER_OUT_OF_MEMORY', problem: `ran out of memory (${cause.message})`, cause }
          : { code: 'WORKER_CRASHED', problem: `crashed (${String(cause)})`, cause },
      );
    });
    // A crash comes as an error before the exit.
    void exited.then((code) =>
      resolve({ code: 'WORKER_EXITED', problem: `exited with code ${code}`, cause: undefined }),
    );
  });

  return {
    ready,
    failed,
    run: (message, transfer) => pool.run(message, { transferList: [...transfer] }),
    async end() {
      await pool.destroy();
      await exited;
      return true;
    },
  };
};
