import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLoader, parsePlan } from '@maskloom/loader';
import { openDataset } from '@maskloom/shards';
import { countPairs, type Pairs } from './distinct-pairs.ts';
import { type Effort, type LoaderCost, loaderCost, servedCost } from './loader-cost.ts';
import type { Arm } from './studies.ts';
import type { Workshop } from './train.ts';

/** What is known of an arm without training, of its first seed. */
export interface Measures extends Pairs, LoaderCost {
  /** Milliseconds that a batch takes a client of a sidecar with one worker, over HTTP. */
  readonly served: number;
}

const effort: Effort = { warmUp: 500, batches: 2000, rounds: 5 };

/** Measures an arm, or finds in `folder` what was measured before. */
export async function measure(workshop: Workshop, arm: Arm, folder: string): Promise<Measures> {
  const { data, setup } = workshop;
  const of = createHash('sha256').update(JSON.stringify([data.key, setup, arm.masks, effort]));
  const file = join(folder, `measures-${arm.name}-${of.digest('hex').slice(0, 12)}.json`);
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) return JSON.parse(known) as Measures;
  await mkdir(folder, { recursive: true });
  const temporary = await mkdtemp(`${file}.`);
  try {
    const measures = await measureNow(workshop, arm, temporary);
    const draft = join(temporary, 'measures.json');
    await writeFile(draft, `${JSON.stringify(measures)}\n`);
    await rename(draft, file);
    return measures;
  } finally {
    await rm(temporary, { recursive: true });
  }
}

async function measureNow(
  { maskloom, data, setup }: Workshop,
  arm: Arm,
  folder: string,
): Promise<Measures> {
  const { batch, seeds, steps } = setup;
  const path = join(folder, 'plan.json');
  await maskloom.plan(path, data.train, { ...arm.masks, seed: seeds[0]!, batch });
  const plan = parsePlan(await readFile(path, 'utf8'));
  const dataset = await openDataset(data.train);
  await using loader = await createLoader({ plan, dataset, workers: 0 });
  const pairs = await countPairs(loader.batches({ steps, layout: 'compact' }));
  const cost = await loaderCost(plan, dataset, effort);
  const { url, child } = await maskloom.serve(path, data.train, 1);
  try {
    return { ...pairs, ...cost, served: await servedCost(url, effort) };
  } finally {
    await child.stop();
  }
}
