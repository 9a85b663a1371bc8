import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMasker, tokenMasking } from '@maskloom/core';
import { createLoader, createPlan } from '@maskloom/loader';
import { createDatasetWriter, openDataset } from '@maskloom/shards';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countPairs, type Pairs } from './distinct-pairs.ts';

const vocab = { size: 30, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [] };
/** Short ones, so that the same mask comes twice by chance; two of them say the same. */
const samples = [0, 1, 2, 3, 4, 5, 6, 0].map((row) => [
  2,
  ...Array.from({ length: 2 + row }, (_, at) => 5 + ((row * 7 + at * 3) % 25)),
  3,
]);
const [seed, batch, epochs] = [7n, 4, 12];
const strategy = tokenMasking({ rate: 0.3 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-pairs-'));
  const writer = await createDatasetWriter(join(folder, 'data'), {
    vocab,
    tokenizerDigest: '0'.repeat(64),
  });
  for (const inputIds of samples) await writer.append({ inputIds });
  await writer.close();
});
afterAll(() => rm(folder, { recursive: true }));

/** Every pair of every epoch, written out: no order, no batches, no hash. */
function bruteForce(masks: Masks): Pairs {
  const masker = createMasker({ vocab, seed, strategy, ...masks });
  const all: string[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    samples.forEach((ids, sample) => {
      const { inputIds, labels } = masker.mask(ids, { epoch, sample });
      labels.forEach((label, position) => {
        if (label !== -100) all.push(JSON.stringify([sample, position, label, [...inputIds]]));
      });
    });
  }
  return { seen: all.length, distinct: new Set(all).size };
}

interface Masks {
  readonly mode: 'dynamic' | 'static';
  readonly copies?: number;
}

async function counted(masks: Masks): Promise<Pairs> {
  const dataset = await openDataset(join(folder, 'data'));
  const plan = createPlan({ dataset, strategy, seed, batch, ...masks });
  await using loader = await createLoader({ plan, dataset, workers: 0 });
  const steps = (epochs * samples.length) / batch;
  return await countPairs(loader.batches({ steps, layout: 'compact' }));
}

test.each<Masks>([
  { mode: 'dynamic' },
  { mode: 'static', copies: 1 },
  { mode: 'static', copies: 3 },
])('pairs are as many as brute force finds: %o', async (masks) => {
  expect(await counted(masks)).toEqual(bruteForce(masks));
});

test('one copy shows each of its pairs once an epoch', async () => {
  const { seen, distinct } = await counted({ mode: 'static', copies: 1 });
  expect(distinct).toBeGreaterThan(0);
  expect(seen).toBe(epochs * distinct);
});
