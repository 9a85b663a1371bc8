import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { countPairs, type Pairs } from './distinct-pairs.ts';
import { loaderCost } from './loader-cost.ts';
import { batch, seeds, steps } from './setup.ts';
import type { Arm } from './studies.ts';
import type { Workshop } from './train.ts';

/** What is known of an arm without training. */
export interface Measures extends Pairs {
  /** Milliseconds a batch, of a sidecar with one worker that does nothing else. */
  readonly milliseconds: number;
}

const timedBatches = 2000;

/** Measures an arm, or finds what was measured before. */
export async function measure(workshop: Workshop, arm: Arm, folder: string): Promise<Measures> {
  const file = join(folder, `measures-${arm.name}-${workshop.data.key}.json`);
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) return JSON.parse(known) as Measures;
  const { maskloom, data } = workshop;
  const plan = join(folder, `measures-${arm.name}.plan.json`);
  await maskloom.plan(plan, data.train, { ...arm.masks, seed: seeds[0]!, batch });
  const { url, child } = await maskloom.serve(plan, data.train, 1);
  try {
    const pairs = await countPairs(url, steps);
    const measures = { ...pairs, milliseconds: await loaderCost(url, timedBatches) };
    await writeFile(file, `${JSON.stringify(measures)}\n`);
    return measures;
  } finally {
    await child.stop();
  }
}
