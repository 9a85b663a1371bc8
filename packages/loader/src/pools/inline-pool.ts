import type { BatchResult, BatchTask } from '../compute.ts';
import type { Pool } from './pool.ts';

/** Computes in the calling thread. */
export function inlinePool(
  compute: (task: BatchTask) => BatchResult | Promise<BatchResult>,
  close: () => void,
): Pool {
  return {
    run: async (task) => compute(task),
    close: async () => close(),
  };
}
