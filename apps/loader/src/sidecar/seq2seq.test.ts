import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, readSeq2seq, StreamDigest } from '@maskloom/client';
import { t5 } from '@maskloom/core';
import { createLoader, createPlan, type Loader, longestOutputs } from '@maskloom/loader';
import { createDatasetWriter, type Dataset, openDataset } from '@maskloom/shards';
import { RecordBatchReader } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sidecar, serve } from './server.ts';

const sentinels = { first: 899, count: 30 };
const vocab = {
  size: 900,
  maskId: 4,
  padId: 0,
  specialIds: [0, 1, 2, 3, 4, ...Array.from({ length: 30 }, (_, index) => 870 + index)],
  continuationIds: [],
  sentinels,
  endId: 3,
};
let folder: string;
let dataset: Dataset;
let loader: Loader;
let sidecar: Sidecar;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-seq2seq-'));
  const writer = await createDatasetWriter(join(folder, 'data'), {
    vocab,
    tokenizerDigest: 'ef'.repeat(32),
  });
  for (let row = 0; row < 100; row++) {
    const inner = Array.from({ length: 10 + (row % 30) }, (_, index) => 5 + ((row + index) % 865));
    await writer.append({ inputIds: [2, ...inner, 3] });
  }
  await writer.close();
  dataset = await openDataset(join(folder, 'data'));
  const strategy = t5({ sentinels, end: 3 });
  const plan = createPlan({ dataset, strategy, seed: 42n, batch: 8, last: 'short' });
  loader = await createLoader({ plan, dataset, workers: 1 });
  sidecar = await serve({ loader, manifest: dataset.manifest });
});
afterAll(async () => {
  await sidecar.close();
  await loader.close();
  await rm(folder, { recursive: true });
});

async function fetchBatch(query: string) {
  const response = await fetch(`${sidecar.url}/batch?${query}`);
  const reader = RecordBatchReader.from(new Uint8Array(await response.arrayBuffer()));
  return readSeq2seq([...reader][0]!);
}

describe('a sidecar with a plan of span corruption', () => {
  test('keeps sentinels and end in its dataset, and tells them', async () => {
    expect(dataset.manifest.vocab).toEqual(vocab);
    const answer = await (await fetch(`${sidecar.url}/plan`)).json();
    expect(answer).toMatchObject({ vocab: { sentinels, endId: 3 } });
  });

  test('streams seq2seq unless told otherwise, as wide as the dataset asks, what the loader gives', async () => {
    const longest = await longestOutputs(loader.plan, dataset);
    const client = await connect(sidecar.url);
    const expected = new StreamDigest(loader.planId);
    for await (const batch of loader.batches({ steps: 30 })) expected.update(batch.recordBatch);
    for (const layout of [undefined, 'seq2seq'] as const) {
      const digest = new StreamDigest(client.planId);
      const asked = layout === undefined ? {} : { layout };
      for await (const { batch } of client.batches({ steps: 30, ...asked })) {
        digest.update(batch);
        const { width, targetWidth } = readSeq2seq(batch);
        expect([width, targetWidth]).toEqual([longest.inputs, longest.labels]);
      }
      expect(digest.hex()).toBe(expected.hex());
    }
  });

  test('serves a single batch as wide as itself, or a multiple', async () => {
    const own = await fetchBatch('epoch=1&step=2');
    const slice = await fetchBatch('epoch=1&step=2&rank=1&world=4');
    const multiple = await fetchBatch('epoch=1&step=2&multiple=16');
    expect([slice.width, slice.targetWidth]).toEqual([own.width, own.targetWidth]);
    expect([...slice.sample]).toEqual([...own.sample.subarray(2, 4)]);
    expect([...slice.labels]).toEqual([
      ...own.labels.subarray(2 * own.targetWidth, 4 * own.targetWidth),
    ]);
    expect([multiple.width % 16, multiple.targetWidth % 16]).toEqual([0, 0]);
  });

  test.each(['dense', 'compact'])(
    'refuses the layout %s, and says which to use',
    async (layout) => {
      for (const path of ['batch', 'batches']) {
        const response = await fetch(`${sidecar.url}/${path}?layout=${layout}`);
        expect(response.status).toBe(400);
        const { error } = (await response.json()) as { error: { message: string } };
        expect(error.message).toMatch(`layout is "${layout}", expected "seq2seq"`);
      }
    },
  );
});
