/** @file What a worker thread runs: piscina calls `run` with each task. */
import { openSamples } from '@maskloom/shards';
import { workerData } from 'piscina';
import { createCompute } from '../compute.ts';
import type { ThreadData } from './thread-pool.ts';

const { plan, manifest, context, shards, cache } = workerData as ThreadData;

export const run = createCompute(plan, context, openSamples(manifest, shards, { cache }));
