import type { BatchResult, BatchTask } from '../compute.ts';

/** Whoever computes batches. All pools compute the same bytes. */
export interface Pool {
  run(task: BatchTask): Promise<BatchResult>;
  /** Waits for what is under way, then frees all threads. */
  close(): Promise<void>;
}
