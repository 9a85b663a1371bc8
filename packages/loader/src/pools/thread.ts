/** @file What a worker thread runs: piscina calls `run` with each task. */
import { openSamples } from '@maskloom/shards';
import { workerData } from 'piscina';
import { openPlannedIndex } from '../batching/planned-index.ts';
import { createCompute } from '../compute.ts';
import type { ThreadData } from './thread-pool.ts';

const { plan, context, datasets } = workerData as ThreadData;

export const run = createCompute(
  plan,
  context,
  datasets.map(({ manifest, shards, index }, number) => ({
    manifest,
    samples: openSamples(manifest, shards),
    index: openPlannedIndex(plan, number, manifest.longest, index),
  })),
);
