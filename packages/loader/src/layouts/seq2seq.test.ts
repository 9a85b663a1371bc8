import { createMasker, type Strategy, t5, tokenMasking, ul2 } from '@maskloom/core';
import {
  createLoader,
  createPlan,
  endOfStream,
  type LayoutSpec,
  type Loader,
  longestOutputs,
  type Plan,
  type PlanOptions,
  rateOf,
  readSeq2seq,
  StreamDigest,
  sampleDigests,
  schemaMessage,
} from '@maskloom/loader';
import type { Dataset } from '@maskloom/shards';
import { tableFromIPC } from 'apache-arrow';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeDataset, sentinelVocab } from '../testing/dataset.ts';

const sentinels = { first: 1099, count: 100 };
const modes = { r: 1097, s: 1098, x: 1099 };
const objectives = [
  ['t5', t5({ sentinels, end: 3 }), {}],
  ['t5 in static mode', t5({ sentinels, end: 3, rate: 0.5 }), { mode: 'static', copies: 2 }],
  [
    't5 at rates over steps',
    t5({ sentinels, end: 3 }),
    {
      rates: {
        over: 'step',
        points: [
          [2, 0.5],
          [30, 0.05],
        ],
      },
    },
  ],
  ['ul2', ul2({ sentinels: { first: 1096, count: 97 }, end: 3, modes }), {}],
] as const satisfies [string, Strategy, Partial<PlanOptions>][];

let dataset: Dataset;
beforeAll(async () => {
  dataset = await makeDataset(203, sentinelVocab);
});

const planOf = (strategy: Strategy, options: Partial<PlanOptions> = {}) =>
  createPlan({ dataset, strategy, seed: 42n, batch: 12, last: 'short', ...options });

async function withLoader<Result>(
  plan: Plan,
  workers: number,
  action: (loader: Loader) => Promise<Result>,
): Promise<Result> {
  await using loader = await createLoader({ plan, dataset, workers });
  return await action(loader);
}

describe.each(objectives)('the seq2seq layout of %s', (_name, strategy, options) => {
  test('is what masking each sample by itself gives, padded, and shifted for the decoder', async () => {
    const plan = planOf(strategy, options);
    const masker = createMasker({
      vocab: sentinelVocab,
      seed: 42n,
      strategy,
      ...('mode' in options ? { mode: options.mode, copies: options.copies } : {}),
    });
    await withLoader(plan, 2, async (loader) => {
      let padded = 0;
      for await (const batch of loader.batches({ steps: 40 })) {
        const read = readSeq2seq(batch.recordBatch);
        const { width, targetWidth } = read;
        const rate = rateOf(plan, batch.epoch, batch.step);
        for (let row = 0; row < batch.rows; row++) {
          const sample = read.sample[row]!;
          const ids = dataset.sample(Number(sample));
          const { inputIds, labels } = masker.mask(ids, { epoch: batch.epoch, sample, rate });
          const inputPadding = new Array(width - inputIds.length).fill(0);
          const targetPadding = new Array(targetWidth - labels.length).fill(-100);
          padded += targetPadding.length;
          const at = <Row extends Int32Array | Uint8Array>(column: Row, size: number) => [
            ...column.subarray(row * size, (row + 1) * size),
          ];
          expect(at(read.inputIds, width)).toEqual([...inputIds, ...inputPadding]);
          expect(at(read.attentionMask, width)).toEqual([
            ...inputIds.map(() => 1),
            ...inputPadding,
          ]);
          expect(at(read.labels, targetWidth)).toEqual([...labels, ...targetPadding]);
          expect(at(read.decoderInputIds, targetWidth)).toEqual(
            [0, ...labels, ...targetPadding.map(() => 0)].slice(0, targetWidth),
          );
        }
      }
      expect(padded).toBeGreaterThan(1000);
    });
  });

  test('has one digest for any workers, ranks, prefetch and padding, in records and workers alike', async () => {
    const plan = planOf(strategy, options);
    const digests = new Set<string>();
    const paddings: LayoutSpec[] = ['seq2seq', { type: 'seq2seq', pad: 'dataset', multiple: 8 }];
    for (const workers of [0, 2]) {
      await withLoader(plan, workers, async (loader) => {
        for (const [ranks, layout] of [
          [1, paddings[0]],
          [2, paddings[1]],
          [4, undefined],
        ] as const) {
          const streams = Array.from({ length: ranks }, (_, rank) =>
            loader.batches({
              steps: 20,
              prefetch: ranks,
              rank,
              world: ranks,
              digest: true,
              ...(layout === undefined ? {} : { layout }),
            }),
          );
          const [fromWorkers, fromRecords] = [0, 1].map(() => new StreamDigest(loader.planId));
          for (let step = 0; step < 20; step++) {
            const slices = await Promise.all(streams.map((stream) => stream.next()));
            const batches = slices.map((slice) => slice.value!);
            fromWorkers!.updateDigests(Buffer.concat(batches.map((batch) => batch.digests!)));
            const records = batches.map((batch) => sampleDigests(batch.recordBatch));
            fromRecords!.updateDigests(Buffer.concat(records));
            const widths = batches.map(({ recordBatch }) => {
              const { width, targetWidth } = readSeq2seq(recordBatch);
              return `${width} ${targetWidth}`;
            });
            expect(new Set(widths).size).toBe(1);
          }
          digests.add(fromWorkers!.hex()).add(fromRecords!.hex());
        }
      });
    }
    expect([...digests]).toHaveLength(1);
  });

  test('has widths of its global batch, or of the dataset, rounded up', async () => {
    const plan = planOf(strategy, options);
    const whole = await longestOutputs(plan, dataset);
    await withLoader(plan, 0, async (loader) => {
      const address = { epoch: 0, step: 3 };
      const read = async (layout: LayoutSpec) =>
        readSeq2seq((await loader.batch({ ...address, layout })).recordBatch);
      const own = await read('seq2seq');
      const multiple = await read({ type: 'seq2seq', multiple: 8 });
      const all = await read({ type: 'seq2seq', pad: 'dataset' });
      expect(multiple.width).toBe(Math.ceil(own.width / 8) * 8);
      expect(multiple.targetWidth).toBe(Math.ceil(own.targetWidth / 8) * 8);
      expect([all.width, all.targetWidth]).toEqual([whole.inputs, whole.labels]);
      expect(own.width).toBeLessThanOrEqual(all.width);
      if (plan.strategy.type === 'span-corruption' && plan.strategy.denoisers.length === 1) {
        // Without special tokens in the middle, lengths are fixed by the sample's: one row has no padding.
        const last = (columns: typeof own) =>
          Array.from(
            columns.sample,
            (_, row) => columns.attentionMask[(row + 1) * columns.width - 1],
          );
        expect(last(own)).toContain(1);
      }
    });
  });
});

test('batches of span corruption make an Arrow IPC stream', async () => {
  await withLoader(planOf(t5({ sentinels, end: 3 })), 1, async (loader) => {
    const layout = { type: 'seq2seq', pad: 'dataset' } as const;
    const parts = [schemaMessage(loader.schema(layout))];
    for await (const batch of loader.batches({ steps: 17, layout })) {
      parts.push(Uint8Array.from(batch.message));
    }
    const table = tableFromIPC(Buffer.concat([...parts, endOfStream]));
    expect(table.schema.fields.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'sample Uint64',
      'input_ids FixedSizeList[36]<Int32>',
      'decoder_input_ids FixedSizeList[9]<Int32>',
      'labels FixedSizeList[9]<Int32>',
      'attention_mask FixedSizeList[36]<Uint8>',
    ]);
    expect(new Set(table.getChild('sample')!.toArray()).size).toBe(203);
  });
});

describe('a loader refuses', () => {
  test('layouts of aligned columns for span corruption, and the reverse', async () => {
    const address = { epoch: 0, step: 0 };
    await withLoader(planOf(t5({ sentinels, end: 3 })), 0, async (loader) => {
      for (const layout of ['dense', 'compact', { type: 'dense', multiple: 8 }] as const) {
        await expect(loader.batch({ ...address, layout })).rejects.toThrow(
          /^layout is "(dense|compact)", expected "seq2seq": the plan corrupts spans/,
        );
        await expect(loader.batches({ layout }).next()).rejects.toThrow(/^layout is/);
      }
      expect(() => loader.schema('dense')).toThrow(/^layout is "dense"/);
    });
    await withLoader(planOf(tokenMasking({ rate: 0.15 })), 0, async (loader) => {
      await expect(loader.batch({ ...address, layout: 'seq2seq' })).rejects.toThrow(
        /^layout is "seq2seq", expected "dense", "compact" or "varlen": the plan masks tokens where they are/,
      );
    });
  });

  test('a plan that the dataset does not fit: too few sentinels, or ids that are not special', async () => {
    const loader = (strategy: Strategy) =>
      createLoader({ plan: planOf(strategy), dataset, workers: 0 });
    const few = ul2({ sentinels: { first: 1099, count: 5 }, end: 3 });
    await expect(loader(few)).rejects.toThrow(
      /^strategy.sentinels.count is 5, expected at least \d+, the spans that a sample of \d+ tokens/,
    );
    await expect(loader(t5({ sentinels: { first: 999, count: 5 } }))).rejects.toThrow(
      /^strategy.sentinels is 999, expected a special id of the vocabulary of 1100 ids/,
    );
  });
});
