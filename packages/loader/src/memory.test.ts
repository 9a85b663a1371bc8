import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bertWholeWord, type Strategy, sentenceOrder, t5, tokenMasking } from '@maskloom/core';
import { type Dataset, openDataset, ShardError } from '@maskloom/shards';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
// Threads run the built files, and so must this test to share their classes.
import {
  createLoader,
  createPlan,
  type Plan,
  type PlanOptions,
  StreamDigest,
} from '../dist/index.js';
import { sentinelVocab, writeDataset } from './testing/dataset.ts';

let folder: string;
let resident: Dataset;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-memory-'));
  await writeDataset(join(folder, 'data'), 5000, sentinelVocab, {
    rowsPerRecordBatch: 128,
    rowsPerShard: 256,
  });
  resident = await openDataset(join(folder, 'data'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The stream digest of some steps, read as `ranks` ranks. */
async function digestOf(
  plan: Plan,
  dataset: Dataset,
  workers: number,
  ranks = 1,
  steps = 140,
): Promise<string> {
  const datasets = plan.datasets.map(() => dataset);
  await using loader = await createLoader({ plan, datasets, workers });
  const streams = Array.from({ length: ranks }, (_, rank) =>
    loader.batches({ steps, rank, world: ranks, prefetch: 2, digest: true }),
  );
  const digest = new StreamDigest(loader.planId);
  for (let step = 0; step < steps; step++) {
    const slices = await Promise.all(streams.map((stream) => stream.next()));
    digest.updateDigests(Buffer.concat(slices.map((slice) => slice.value!.digests!)));
  }
  return digest.hex();
}

const strategies: Record<string, Strategy> = {
  'units of a column, and segments': sentenceOrder(bertWholeWord({ unit: 'column' })),
  'span corruption': t5({ sentinels: { first: 1099, count: 100 } }),
};

const orders: Record<string, Partial<PlanOptions>> = {
  'global order': {},
  'sequential order': { order: 'sequential' },
  'windowed order': { order: { type: 'windowed', rows: 500 } },
  'windowed order, packed': {
    order: { type: 'windowed', rows: 500 },
    rows: { type: 'packed', length: 80, window: 500 },
  },
  'batches by length': { rows: { type: 'buckets', window: 400 } },
};

describe('with data four times the memory budget the stream is that of resident shards', () => {
  let dataset: Dataset;

  beforeAll(async () => {
    const memory = Math.floor(resident.memory.resident / 4);
    dataset = await openDataset(join(folder, 'data'), { memory });
    const { resident: inMemory, index, cache } = dataset.memory;
    expect(inMemory + index + cache).toBeLessThanOrEqual(memory);
    expect(inMemory).toBeGreaterThan(0);
    expect(index).toBeGreaterThan(0);
  });

  /** Compares streams that go on into a second epoch, where rows are read by themselves. */
  async function compare(plan: Plan): Promise<void> {
    const expected = await digestOf(plan, resident, 0);
    expect(await digestOf(plan, dataset, 0)).toBe(expected);
    expect(await digestOf(plan, dataset, 1)).toBe(expected);
    expect(await digestOf(plan, dataset, 2, 2)).toBe(expected);
  }

  test.each(Object.entries(orders))('in %s, on 0, 1 and 2 workers', async (_, options) => {
    const strategy = tokenMasking({ rate: 0.15 });
    await compare(createPlan({ dataset: resident, strategy, seed: 7n, batch: 40, ...options }));
  });

  test.each(Object.entries(strategies))('for %s, on 0, 1 and 2 workers', async (_, strategy) => {
    await compare(createPlan({ dataset: resident, strategy, seed: 7n, batch: 40 }));
  });

  test('for a mixture, on 0, 1 and 2 workers', async () => {
    const strategy = tokenMasking({ rate: 0.15 });
    const datasets = [1, 3].map((weight) => ({ dataset: resident, weight }));
    await compare(createPlan({ datasets, strategy, seed: 7n, batch: 40 }));
  });

  test.each([1, 2])('no worker of %i sleeps while the consumer waits for it', async (workers) => {
    const strategy = tokenMasking({ rate: 0.15 });
    const plan = createPlan({ dataset: resident, strategy, seed: 7n, batch: 4 });
    await using loader = await createLoader({ plan, dataset, workers });
    let step = 0;
    for await (const batch of loader.batches({ steps: 8000, prefetch: 4 })) {
      expect(batch.epoch * loader.stepsPerEpoch + batch.step).toBe(step++);
    }
    expect(step).toBe(8000);
  });

  test('also where there is no room for an index of rows', async () => {
    const strategy = tokenMasking({ rate: 0.15 });
    const plan = createPlan({ dataset: resident, strategy, seed: 7n, batch: 40 });
    const expected = await digestOf(plan, resident, 0);
    const small = await openDataset(join(folder, 'data'), { memory: 85_000 });
    expect(small.shards.some((shard) => 'location' in shard && !shard.index)).toBe(true);
    for (const workers of [0, 2]) {
      expect(await digestOf(plan, small, workers)).toBe(expected);
    }
  });
});

describe('a record batch that was altered after opening', () => {
  const plan = createPlan({
    dataset: { digest: 'a'.repeat(64), rows: 5000 },
    strategy: tokenMasking({ rate: 0.15 }),
    seed: 7n,
    batch: 50,
    order: 'sequential',
  });

  test.each([0, 2])(
    'fails its batches with %i workers, by a typed error, and no others',
    async (workers) => {
      const copy = join(folder, `altered-${workers}`);
      await writeDataset(copy, 5000, sentinelVocab, { rowsPerRecordBatch: 128, rowsPerShard: 256 });
      const dataset = await openDataset(copy, { memory: resident.memory.resident / 4 });
      const own = { ...plan, datasets: [{ ...plan.datasets[0], digest: dataset.digest }] } as Plan;
      await using loader = await createLoader({ plan: own, dataset, workers });
      await using whole = await createLoader({ plan: own, dataset: resident, workers: 0 });
      const digests = async (from: typeof loader, step: number) =>
        Buffer.from((await from.batch({ epoch: 0, step, digest: true })).digests!);

      // Rows 4224 to 4351 are record batch 1 of shard 16.
      const shard = dataset.manifest.shards[16]!;
      const { offset, bytes, sha256 } = shard.recordBatches[1]!;
      const path = join(copy, shard.path);
      const right = await readFile(path);
      const wrong = Buffer.from(right);
      wrong[offset + bytes - 40]! ^= 1;
      await writeFile(path, wrong);

      const stream = loader.batches({ from: { epoch: 0, step: 82 }, prefetch: 4 });
      for (const step of [82, 83]) expect((await stream.next()).value).toMatchObject({ step });
      const error = await stream.next().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ShardError);
      expect(error).toMatchObject({
        code: 'SHARD_CHECKSUM',
        shard: path,
        recordBatch: 1,
        offset,
        bytes,
        expected: `SHA-256 ${sha256}`,
      });
      expect(await stream.next()).toMatchObject({ done: true });
      for (const step of [3, 83, 88, 99]) {
        expect(await digests(loader, step)).toEqual(await digests(whole, step));
      }
      await writeFile(path, right);
      for (const step of [84, 85, 86, 87]) {
        expect(await digests(loader, step)).toEqual(await digests(whole, step));
      }
    },
  );
});

test('a budget that has no room for a record batch for each worker is refused', async () => {
  const strategy = tokenMasking({ rate: 0.15 });
  const plan = createPlan({ dataset: resident, strategy, seed: 7n, batch: 40 });
  const dataset = await openDataset(join(folder, 'data'), { memory: 85_000 });
  await expect(createLoader({ plan, dataset, workers: 16 })).rejects.toThrow(
    /^memory is 85000, expected at least \d+ bytes, four record batches for each of 16 threads/,
  );
  await expect(openDataset(join(folder, 'data'), { memory: 100 })).rejects.toThrow(
    /^memory is 100, expected at least \d+ bytes/,
  );
});
