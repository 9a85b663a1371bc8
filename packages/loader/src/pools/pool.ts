import type { BatchResult, BatchTask } from '../compute.ts';

/** Worker threads at most: each takes memory of its own, and a runtime that has none left aborts the process. */
export const maxWorkers = 256;

/** Whoever computes batches. All pools compute the same bytes. */
export interface Pool {
  run(task: BatchTask): Promise<BatchResult>;
  /** Waits for what is under way, then frees all threads. */
  close(): Promise<void>;
}
