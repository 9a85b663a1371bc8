import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { connect } from '@maskloom/client';
import { createLoader, type Loader, type Plan } from '@maskloom/loader';
import type { Dataset } from '@maskloom/shards';

/** Milliseconds of processor time that a batch takes in the calling thread: read, masked and laid out. */
export interface LoaderCost {
  /** With masks computed. */
  readonly computed: number;
  /** With masks read from a full cache; none for dynamic masking, whose masks come only once. */
  readonly cached?: number;
}

/** How much is measured. */
export interface Effort {
  /** Batches that are read before the time is taken. */
  readonly warmUp: number;
  /** Batches of a round. */
  readonly batches: number;
  /** Of which the median counts. */
  readonly rounds: number;
}

/** Measures the loader alone: no sidecar, no other thread. */
export async function loaderCost(
  plan: Plan,
  dataset: Dataset,
  effort: Effort,
): Promise<LoaderCost> {
  await using loader = await createLoader({ plan, dataset, workers: 0 });
  const computed = await costOf(loader, effort);
  if (plan.mode === 'dynamic') return { computed };
  return { computed, cached: await cachedCost(plan, dataset, effort) };
}

async function cachedCost(plan: Plan, dataset: Dataset, effort: Effort): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'maskloom-masks-'));
  const open = (): Promise<Loader> =>
    createLoader({ plan, dataset, workers: 0, cache: { directory } });
  try {
    {
      await using filling = await open();
      const copies = plan.copies ?? 1;
      for await (const _ of filling.batches({ steps: copies * filling.stepsPerEpoch }));
    }
    await using loader = await open();
    return await costOf(loader, effort);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function costOf(loader: Loader, { warmUp, batches, rounds }: Effort): Promise<number> {
  const costs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    let began = process.cpuUsage();
    let read = 0;
    const steps = warmUp + batches;
    for await (const _ of loader.batches({ steps, layout: 'compact', prefetch: 0 })) {
      if (++read === warmUp) began = process.cpuUsage();
    }
    const { user, system } = process.cpuUsage(began);
    costs.push((user + system) / 1000 / batches);
  }
  return median(costs);
}

/** Milliseconds that a batch takes whoever reads a sidecar's plan as fast as it comes. */
export async function servedCost(
  url: string,
  { warmUp, batches, rounds }: Effort,
): Promise<number> {
  const client = await connect(url);
  const costs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    let began = 0;
    let read = 0;
    const steps = warmUp + batches;
    for await (const _ of client.batches({ steps, layout: 'compact' })) {
      if (++read === warmUp) began = performance.now();
    }
    costs.push((performance.now() - began) / batches);
  }
  return median(costs);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
