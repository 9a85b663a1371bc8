/** @file What a thread of Node runs: piscina awaits `run`, then calls it with each task. */
import { workerData } from 'piscina';
import { createWorkerCompute, type WorkerStart } from './worker-compute.ts';

export const run = createWorkerCompute(workerData as WorkerStart);
