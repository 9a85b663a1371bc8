import { workerData } from 'node:worker_threads';
import { createWorkerCompute, type WorkerStart } from './worker-compute.ts';

/** A thread's compute, over what it was started with. */
export const compute = createWorkerCompute(workerData as WorkerStart);
