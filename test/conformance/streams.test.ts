/**
 * @file Golden streams: which samples every order, kind of rows and mixture shows when, and how they are masked.
 * Changing one is a breaking change of the stream.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tokenMasking } from '@maskloom/core';
import { createLoader, createPlan, type PlanOptions, StreamDigest } from '@maskloom/loader';
import { type Dataset, openDataset } from '@maskloom/shards';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeTinyDataset } from '../support/tiny-dataset.ts';

const file = fileURLToPath(new URL('streams.json', import.meta.url));
let folder: string;
let datasets: Dataset[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-streams-'));
  await writeTinyDataset(join(folder, 'data'), 301);
  await writeTinyDataset(join(folder, 'other'), 77);
  datasets = await Promise.all(['data', 'other'].map((name) => openDataset(join(folder, name))));
});
afterAll(() => rm(folder, { recursive: true }));

const orders: Record<string, Partial<PlanOptions>> = {
  global: { order: 'global' },
  sequential: { order: 'sequential' },
  windowed: { order: { type: 'windowed', rows: 72 } },
};
const kinds: Record<string, Partial<PlanOptions>> = {
  samples: {},
  packed: { rows: { type: 'packed', length: 100, window: 72 } },
  buckets: { rows: { type: 'buckets', window: 72 } },
  tokens: { rows: { type: 'tokens', max: 300, window: 72 } },
};
const streams = Object.entries(orders).flatMap(([order, first]) =>
  Object.entries(kinds).flatMap(([kind, second]) =>
    ['alone', 'mixed'].map(
      (which) => [`${order} ${kind} ${which}`, { ...first, ...second }] as const,
    ),
  ),
);

async function digestOf(name: string, options: Partial<PlanOptions>): Promise<string> {
  const strategy = tokenMasking({ rate: 0.15 });
  const given = name.endsWith('mixed') ? datasets : datasets.slice(0, 1);
  const plan = createPlan({
    ...(given.length === 1
      ? { dataset: given[0]! }
      : { datasets: given.map((dataset, number) => ({ dataset, weight: 5 - 3 * number })) }),
    strategy,
    seed: 2n ** 63n + 42n,
    batch: 12,
    ...options,
  });
  await using loader = await createLoader({ plan, datasets: given, workers: 0 });
  // Not from the plan id, which would also change with the bytes that a version of Arrow writes.
  const digest = new StreamDigest('00'.repeat(32));
  const steps = 2 * loader.stepsPerEpoch + 1;
  for await (const { digests } of loader.batches({ steps, digest: true })) {
    digest.updateDigests(digests!);
  }
  return `${steps} ${digest.hex()}`;
}

test('every order, kind of rows and mixture gives the stream as ever', async () => {
  const found: Record<string, string> = {};
  for (const [name, options] of streams) found[name] = await digestOf(name, options);
  if (process.env['MASKLOOM_WRITE_VECTORS'] === '1') {
    await writeFile(file, `${JSON.stringify(found, undefined, 2)}\n`, { flag: 'wx' }).catch(
      () => {},
    );
  }
  expect(new Set(Object.values(found)).size).toBe(streams.length);
  expect(found).toEqual(JSON.parse(await readFile(file, 'utf8')));
});
