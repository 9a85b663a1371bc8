import { parentPort, workerData } from 'node:worker_threads';
import { createWorker, type WorkerStart } from './worker-compute.ts';

/** What a thread does with its messages, over what it was started with. */
export const receive = createWorker(workerData as WorkerStart, (message, buffers) =>
  parentPort!.postMessage(message, buffers),
);
