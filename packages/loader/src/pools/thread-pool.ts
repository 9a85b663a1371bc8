import type { Manifest, OpenShard } from '@maskloom/shards';
import type { BatchResult, BatchTask } from '../compute.ts';
import type { LayoutContext } from '../layouts/layout.ts';
import type { Plan } from '../plan.ts';
import type { Pool } from './pool.ts';

/** What every worker thread is started with. The shards are shared, not copied. */
export interface ThreadData {
  readonly plan: Plan;
  readonly manifest: Manifest;
  readonly context: LayoutContext;
  readonly shards: readonly OpenShard[];
  /** Bytes of record batches that each thread may keep, where not all shards are in memory. */
  readonly cache: number;
}

/** Computes in `workers` threads of Node (piscina). */
export async function threadPool(workers: number, data: ThreadData): Promise<Pool> {
  // Imported here so that the package also loads where there are no Node threads.
  const { Piscina } = await import('piscina');
  const pool = new Piscina<BatchTask, BatchResult>({
    filename: new URL('./thread.js', import.meta.url).href,
    name: 'run',
    minThreads: workers,
    maxThreads: workers,
    workerData: data,
  });
  return {
    run: (task) => pool.run(task),
    close: () => pool.close(),
  };
}
