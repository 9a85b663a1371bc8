/** @file A loader of this runtime, for the cases of test/conformance/loader.case.ts. */
import { createLoader, type LoaderOptions, type Plan } from '@maskloom/loader';
import type { Dataset } from '@maskloom/shards';
import type { OpenOptions, PoolUnderTest } from '../conformance/loader.case.ts';

/** What a pool's loaders are made of. */
export interface LoaderPool extends Omit<PoolUnderTest, 'open'> {
  readonly plan: Plan;
  readonly dataset: Dataset;
  /** URL of packages/loader/src/testing/faults.js. */
  readonly faults: string;
}

/** Loaders as a pool under test. */
export function loaderPool(pool: LoaderPool): PoolUnderTest {
  const { plan, dataset, faults: module, ...rest } = pool;
  const standard = rest.workers.includes(2) ? 2 : rest.workers[0]!;
  return {
    ...rest,
    open: ({ workers = standard, patience, fault }: OpenOptions) => {
      const shared = typeof SharedArrayBuffer === 'function';
      const left = new Int32Array(shared ? new SharedArrayBuffer(4) : new ArrayBuffer(4)).fill(1);
      const faults: LoaderOptions['faults'] = fault && { module, data: { faults: [fault], left } };
      return createLoader({
        plan,
        dataset,
        // Where workers share no count of faults, each would fail: there is only one, and its successor is told.
        workers: shared || fault === undefined ? workers : 1,
        workerHeap: 64,
        onEvent: ({ type }) => {
          if (type === 'worker-failure') left.fill(0);
        },
        ...(patience === undefined ? {} : { patience }),
        ...(faults === undefined ? {} : { faults }),
      });
    },
  };
}
