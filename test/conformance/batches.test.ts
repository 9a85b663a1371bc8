/** @file A sample's mask is its own: no batch, order, rank, layout or padding it comes in has a say. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Strategy, strategyFromPlan } from '@maskloom/core';
import {
  createLoader,
  createPlan,
  type LayoutSpec,
  type PlanOptions,
  readCompact,
  readDense,
  readSeq2seq,
  readVarlen,
  sampleDigests,
} from '@maskloom/loader';
import { type Dataset, openDataset } from '@maskloom/shards';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeTinyDataset } from '../support/tiny-dataset.ts';
import { vectorStrategies } from './vectors.ts';

let folder: string;
let dataset: Dataset;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-batches-'));
  await writeTinyDataset(join(folder, 'data'), 97);
  dataset = await openDataset(join(folder, 'data'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Reading extends Partial<PlanOptions> {
  readonly world: number;
  readonly layout: LayoutSpec;
}

const readings: readonly Reading[] = [
  { batch: 12, world: 1, layout: 'dense' },
  { batch: 15, world: 5, order: 'sequential', layout: 'compact' },
  { batch: 1, world: 1, layout: { type: 'dense', pad: 'dataset', multiple: 64 } },
  { batch: 97, world: 97, layout: 'dense' },
];

/** The same for the layout of span corruption. */
const seq2seqReadings: readonly Reading[] = readings.map((reading) => ({
  ...reading,
  layout: typeof reading.layout === 'string' ? 'seq2seq' : { ...reading.layout, type: 'seq2seq' },
}));

/** The strategies of the vectors; what span corruption adds is moved to the dataset's special ids. */
const strategies = Object.entries(vectorStrategies).map(([name, strategy]): [string, Strategy] => {
  const { plan } = strategy;
  if (plan.type !== 'span-corruption') return [name, strategy];
  const moved = 2049 - 449;
  const { first, count } = plan.sentinels;
  const denoisers = plan.denoisers.map((denoiser) =>
    denoiser.mode === undefined ? denoiser : { ...denoiser, mode: denoiser.mode + moved },
  );
  return [
    name,
    strategyFromPlan({ ...plan, denoisers, sentinels: { first: first + moved, count } }),
  ];
});

const readers = {
  dense: readDense,
  compact: readCompact,
  seq2seq: readSeq2seq,
  varlen: readVarlen,
};

/** The sample digests of two epochs, by epoch and sample id. */
async function digestsOf(strategy: Strategy, reading: Reading): Promise<Map<string, string>> {
  const { world, layout, batch = 1, ...options } = reading;
  const plan = createPlan({ dataset, strategy, seed: 7n, batch, last: 'short', ...options });
  await using loader = await createLoader({ plan, dataset, workers: 0 });
  const digests = new Map<string, string>();
  const steps = 2 * loader.stepsPerEpoch;
  for (let rank = 0; rank < world; rank++) {
    for await (const { epoch, recordBatch } of loader.batches({ steps, rank, world, layout })) {
      const read = readers[typeof layout === 'string' ? layout : layout.type];
      const { sample } = read(recordBatch);
      const bytes = Buffer.from(sampleDigests(recordBatch));
      for (let row = 0; row < sample.length; row++) {
        digests.set(`${epoch} ${sample[row]}`, bytes.toString('hex', 32 * row, 32 * (row + 1)));
      }
    }
  }
  return digests;
}

test.for(strategies)(
  'a sample is masked alike in batches of any composition: %s',
  async ([, strategy]) => {
    const given = strategy.plan.type === 'span-corruption' ? seq2seqReadings : readings;
    const [first, ...others] = await Promise.all(
      given.map((reading) => digestsOf(strategy, reading)),
    );
    expect(first!.size).toBe(2 * dataset.rows);
    for (const other of others) expect(other).toEqual(first);
    const long = Array.from({ length: dataset.rows }, (_, row) => row).filter(
      (row) => dataset.length(row) > 40,
    );
    const same = long.filter((row) => first!.get(`0 ${row}`) === first!.get(`1 ${row}`));
    // By chance a span may be hidden again.
    expect(same.length).toBeLessThan(long.length / 10);
  },
);
