/** @file Laws of every order and kind of rows, alone and mixed. */
import { bert, spanbert, tokenMasking } from '@maskloom/core';
import {
  type BatchesOptions,
  createLoader,
  createPlan,
  type LayoutSpec,
  type Loader,
  type Plan,
  type PlanOptions,
  readCompact,
  readDense,
  readVarlen,
  StreamDigest,
  sampleDigests,
} from '@maskloom/loader';
import type { Dataset } from '@maskloom/shards';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeDataset } from '../testing/dataset.ts';
import { startsOf } from './starts.ts';

const strategy = tokenMasking({ rate: 0.2 });
const layouts = ['dense', 'compact', 'varlen'] as const;
let dataset: Dataset;
let second: Dataset;
beforeAll(async () => {
  dataset = await makeDataset(203);
  second = await makeDataset(50);
});

async function withLoader<Result>(
  plan: Plan,
  workers: number,
  action: (loader: Loader) => Promise<Result>,
): Promise<Result> {
  const datasets = plan.datasets.map(({ rows }) => (rows === dataset.rows ? dataset : second));
  await using loader = await createLoader({ plan, datasets, workers });
  return await action(loader);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

type Case = [name: string, options: Partial<PlanOptions>];
const orders: Case[] = [
  ['global', { order: 'global' }],
  ['sequential', { order: 'sequential' }],
  ['windowed', { order: { type: 'windowed', rows: 24 } }],
];
const kinds: Case[] = [
  ['samples', {}],
  ['packed', { rows: { type: 'packed', length: 64, window: 24 } }],
  ['buckets', { rows: { type: 'buckets', window: 24 } }],
  ['tokens', { rows: { type: 'tokens', max: 150, window: 24 } }],
];
const cases = orders.flatMap(([order, first]) =>
  kinds.map(([kind, more]): Case => [`${kind}, ${order}`, { ...first, ...more }]),
);

function planOf(options: Partial<PlanOptions>): Plan {
  return createPlan({ dataset, strategy, seed: 42n, batch: 12, ...options });
}

function mixtureOf(options: Partial<PlanOptions>): Plan {
  const datasets = [
    { dataset, weight: 3 },
    { dataset: second, weight: 2 },
  ];
  return createPlan({ datasets, strategy, seed: 42n, batch: 12, ...options });
}

/** The stream digest as so many ranks see it together, by the digests of workers and of the columns. */
async function digestOf(loader: Loader, ranks: number, options: BatchesOptions): Promise<string> {
  const digest = new StreamDigest(loader.planId);
  const streams = Array.from({ length: ranks }, (_, rank) =>
    loader.batches({ ...options, rank, world: ranks, digest: true }),
  );
  for (;;) {
    const slices = await Promise.all(streams.map((stream) => stream.next()));
    if (slices[0]!.done) return digest.hex();
    for (const { value } of slices) {
      expect(hex(sampleDigests(value!.recordBatch))).toBe(hex(value!.digests!));
    }
    digest.updateDigests(Buffer.concat(slices.map((slice) => slice.value!.digests!)));
  }
}

/** The ids of a record batch's samples. */
function samplesOf(layout: (typeof layouts)[number], batch: Parameters<typeof readDense>[0]) {
  const read = { dense: readDense, compact: readCompact, varlen: readVarlen }[layout];
  return [...read(batch).sample].map(Number);
}

describe.each([...cases, ...cases.map(([name, o]): Case => [`mixed ${name}`, o])])(
  '%s',
  (name, options) => {
    const mixed = name.startsWith('mixed');
    const make = mixed ? mixtureOf : planOf;

    test('one digest for any workers, ranks and layout', async () => {
      const plan = make(options);
      const digests = new Set<string>();
      const steps = 2 * (await withLoader(plan, 0, async (loader) => loader.stepsPerEpoch)) + 3;
      for (const workers of [0, 2]) {
        await withLoader(plan, workers, async (loader) => {
          for (const [index, layout] of layouts.entries()) {
            digests.add(await digestOf(loader, [1, 2, 6][index]!, { steps, layout }));
          }
          const wide = { type: 'dense', pad: 'dataset', multiple: 8 } as const;
          digests.add(await digestOf(loader, 3, { steps, layout: wide }));
        });
      }
      expect([...digests]).toHaveLength(1);
    });

    test('any batch by itself is what the stream has', async () => {
      const plan = make(options);
      await withLoader(plan, 0, async (loader) => {
        const steps = 2 * loader.stepsPerEpoch;
        const seen: { epoch: number; step: number; digests: string }[] = [];
        for await (const { epoch, step, digests } of loader.batches({ steps, digest: true })) {
          seen.push({ epoch, step, digests: hex(digests!) });
        }
        for (const { epoch, step, digests } of seen.reverse()) {
          const batch = await loader.batch({ epoch, step, digest: true });
          expect(hex(batch.digests!)).toBe(digests);
        }
      });
    });
  },
);

describe('every sample once an epoch', () => {
  const some = fc.record({
    per: fc.integer({ min: 1, max: 9 }),
    world: fc.integer({ min: 1, max: 5 }),
    windows: fc.integer({ min: 1, max: 6 }),
    last: fc.constantFrom('drop' as const, 'short' as const, 'fill' as const),
    order: fc.constantFrom('global' as const, 'sequential' as const, 'windowed' as const),
    kind: fc.constantFrom(
      'samples' as const,
      'packed' as const,
      'buckets' as const,
      'tokens' as const,
    ),
    layout: fc.constantFrom(...layouts),
    epoch: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  });

  test('for any rows, batch, world, rule for the last batch, order and kind of rows', async () => {
    await fc.assert(
      fc.asyncProperty(some, async ({ per, world, windows, last, order, kind, layout, epoch }) => {
        const batch = per * world;
        const window = windows * batch;
        const rows = {
          samples: undefined,
          packed: { type: 'packed', length: 50, window } as const,
          buckets: { type: 'buckets', window } as const,
          tokens: { type: 'tokens', max: 100, window } as const,
        }[kind];
        const plan = planOf({
          batch,
          last: kind === 'tokens' ? 'short' : last,
          order: order === 'windowed' ? { type: 'windowed', rows: window } : order,
          ...(rows === undefined ? {} : { rows }),
        });
        await withLoader(plan, 0, async (loader) => {
          const counts = new Uint32Array(dataset.rows);
          let rowsSeen = 0;
          const steps = loader.stepsPerEpoch;
          for (let step = 0; step < steps; step++) {
            const whole = await loader.batch({ epoch, step, layout, digest: true });
            // Ranks take the whole between them, in its order.
            const slices = await Promise.all(
              Array.from({ length: world }, (_, rank) =>
                loader.batch({ epoch, step, rank, world, layout, digest: true }),
              ),
            );
            expect(slices.map(({ digests }) => hex(digests!)).join('')).toBe(hex(whole.digests!));
            rowsSeen += whole.rows;
            for (const sample of samplesOf(layout, whole.recordBatch)) counts[sample]!++;
          }
          const total = counts.reduce((sum, count) => sum + count, 0);
          if (plan.last === 'short') expect(counts.every((count) => count === 1)).toBe(true);
          else if (plan.last === 'drop') {
            expect(Math.max(...counts)).toBe(1);
            // At most one batch of rows is left out.
            if (kind !== 'packed') expect(total).toBe(Math.floor(dataset.rows / batch) * batch);
            expect(rowsSeen).toBe(steps * batch);
          } else {
            expect(Math.min(...counts)).toBe(1);
            expect(rowsSeen).toBe(steps * batch);
          }
        });
      }),
      { numRuns: 60 },
    );
  });

  test('of each dataset of a mixture, in its own epochs, in exact proportions', async () => {
    for (const [, options] of kinds.slice(0, 2)) {
      const plan = mixtureOf({ ...options, batch: 15 });
      await withLoader(plan, 0, async (loader) => {
        const units = [0, 1].map((number) =>
          plan.rows?.type === 'packed' ? plan.rows.units[number]! : plan.datasets[number]!.rows,
        );
        const own: number[][] = [[], []];
        const rowsOf = [0, 0];
        // Each dataset's rows, epoch after epoch: at least two of the larger.
        while (rowsOf[0]! < 2 * units[0]! || rowsOf[1]! < 2 * units[1]!) {
          const at = Math.floor((rowsOf[0]! + rowsOf[1]!) / 15);
          const address = {
            epoch: Math.floor(at / loader.stepsPerEpoch),
            step: at % loader.stepsPerEpoch,
          };
          const { recordBatch, rows } = await loader.batch({ ...address, layout: 'compact' });
          const { sample, starts } = readCompact(recordBatch);
          const counts = [0, 0];
          for (let row = 0; row < rows; row++) {
            const first = starts?.[row] ?? row;
            const ids = [...sample.subarray(first, starts?.[row + 1] ?? row + 1)].map(Number);
            const from = ids[0]! < dataset.rows ? 0 : 1;
            expect(ids.every((id) => id < dataset.rows === (from === 0))).toBe(true);
            counts[from]!++;
            rowsOf[from]!++;
            own[from]!.push(...ids.map((id) => id - (from === 0 ? 0 : dataset.rows)));
          }
          // Three windows of 3 + 2.
          expect(counts).toEqual([9, 6]);
        }
        for (const number of [0, 1]) {
          const { rows } = plan.datasets[number]!;
          // Draws of a window may come in any order, so epochs overlap by less than a window.
          const firstTwo = own[number]!.slice(0, 2 * rows);
          const counts = new Uint8Array(rows);
          for (const row of firstTwo) counts[row]!++;
          expect(Math.max(...counts)).toBeLessThanOrEqual(3);
          const odd = counts.filter((count) => count !== 2).length;
          expect(odd).toBeLessThanOrEqual(plan.rows === undefined ? 6 : 60);
        }
      });
    }
  });
});

test("in a mixture a sample is masked by its own dataset's epoch, as by itself", async () => {
  for (const strategy of [tokenMasking({ rate: 0.3 }), spanbert({ unit: 'column' }), bert()]) {
    const plan = mixtureOf({ strategy, batch: 15 });
    // By itself, with the same base, the second dataset shows each sample once an epoch.
    const { weight: _, ...named } = plan.datasets[1]!;
    const alone: Plan = { ...plan, datasets: [named], batch: 1 };
    const expected = new Map<string, string>();
    await withLoader(alone, 0, async (loader) => {
      const layout = 'compact' as LayoutSpec;
      for await (const { epoch, recordBatch, digests } of loader.batches({
        steps: 8 * second.rows,
        layout,
        digest: true,
      })) {
        const { sample } = readCompact(recordBatch);
        expected.set(`${epoch} ${sample[0]}`, hex(digests!));
      }
    });
    await withLoader(plan, 2, async (loader) => {
      let seen = 0;
      let draws = 0;
      const seenOf = new Map<bigint, number>();
      for await (const { recordBatch } of loader.batches({ steps: 50, layout: 'dense' })) {
        const digests = Buffer.from(sampleDigests(recordBatch));
        readDense(recordBatch).sample.forEach((sample, row) => {
          if (sample < BigInt(dataset.rows)) return;
          draws++;
          // The k-th time that a sample comes is the k-th epoch of its dataset.
          const epoch = seenOf.get(sample) ?? 0;
          seenOf.set(sample, epoch + 1);
          const own = digests.toString('hex', 32 * row, 32 * (row + 1));
          expect(own).toBe(expected.get(`${epoch} ${sample}`));
          seen++;
        });
      }
      expect(draws).toBe(300);
      expect(seen).toBe(300);
    });
  }
});

describe('columns', () => {
  test('of packed rows say where each sample is, and samples are masked as by themselves', async () => {
    const plan = planOf({ rows: { type: 'packed', length: 64, window: 48 }, last: 'short' });
    const alone = planOf({ last: 'short', batch: 1 });
    const digests = new Map<bigint, string>();
    await withLoader(alone, 0, async (loader) => {
      const steps = loader.stepsPerEpoch;
      for await (const { recordBatch } of loader.batches({ steps })) {
        digests.set(readDense(recordBatch).sample[0]!, hex(sampleDigests(recordBatch)));
      }
    });
    await withLoader(plan, 0, async (loader) => {
      for await (const { recordBatch, rows } of loader.batches({ steps: loader.stepsPerEpoch })) {
        const columns = readDense(recordBatch);
        const { sample, starts, width, attentionMask, segmentIds, positionIds } = columns;
        const found = Buffer.from(sampleDigests(recordBatch));
        sample.forEach((id, index) => {
          expect(found.toString('hex', 32 * index, 32 * (index + 1))).toBe(digests.get(id));
        });
        for (let row = 0; row < rows; row++) {
          const lengths = [...sample.subarray(starts![row], starts![row + 1])].map((id) =>
            dataset.length(Number(id)),
          );
          const tokens = lengths.reduce((sum, length) => sum + length, 0);
          expect(tokens).toBeLessThanOrEqual(64);
          const padding = Array.from({ length: width - tokens }, () => 0);
          const at = (column: ArrayLike<number>) =>
            Array.from(column).slice(row * width, (row + 1) * width);
          expect(at(attentionMask)).toEqual([
            ...Array.from({ length: tokens }, () => 1),
            ...padding,
          ]);
          expect(at(segmentIds!)).toEqual([
            ...lengths.flatMap((length, index) => Array.from({ length }, () => index + 1)),
            ...padding,
          ]);
          expect(at(positionIds!)).toEqual([
            ...lengths.flatMap((length) => Array.from({ length }, (_, position) => position)),
            ...padding,
          ]);
        }
      }
    });
  });

  test("of varlen keep the label of a sample's first token, which a flattening collator loses", async () => {
    const plan = planOf({ strategy: tokenMasking({ rate: 1 }) });
    await withLoader(plan, 0, async (loader) => {
      const { recordBatch, rows } = await loader.batch({ epoch: 0, step: 0, layout: 'varlen' });
      const { samples, sample, labels, cuSeqlens, positionIds } = readVarlen(recordBatch);
      expect([recordBatch.numRows, rows, samples]).toEqual([1, 12, 12]);
      const lengths = Array.from(sample, (id) => dataset.length(Number(id)));
      expect([...cuSeqlens]).toEqual([...startsOf(lengths)]);
      for (let index = 0; index < samples; index++) {
        const own = labels.subarray(cuSeqlens[index]!, cuSeqlens[index + 1]!);
        const ids = dataset.sample(Number(sample[index]));
        // The first token is special; all others are selected.
        expect([...own]).toEqual([-100, ...ids.subarray(1, -1), -100]);
        expect([...positionIds.subarray(cuSeqlens[index]!, cuSeqlens[index + 1]!)]).toEqual([
          ...ids.keys(),
        ]);
      }
    });
  });

  test('of a rank without rows are empty in every layout', async () => {
    const plan = planOf({ batch: 200, last: 'short' });
    await withLoader(plan, 0, async (loader) => {
      for (const layout of layouts) {
        const batch = await loader.batch({ epoch: 0, step: 1, rank: 0, world: 8, layout });
        expect(batch.rows).toBe(0);
        expect(samplesOf(layout, batch.recordBatch)).toEqual([]);
      }
    });
  });
});

test('batches by length have little padding, and those by tokens keep to them', async () => {
  const paddingOf = async (options: Partial<PlanOptions>) =>
    await withLoader(planOf({ batch: 10, last: 'short', ...options }), 0, async (loader) => {
      let cells = 0;
      let tokens = 0;
      for await (const { recordBatch } of loader.batches({ steps: loader.stepsPerEpoch })) {
        const { width, rows, attentionMask } = readDense(recordBatch);
        if (options.rows?.type === 'tokens') expect(width * rows).toBeLessThanOrEqual(200);
        cells += width * rows;
        tokens += attentionMask.reduce((sum, mask) => sum + mask, 0);
      }
      return 1 - tokens / cells;
    });
  const plain = await paddingOf({});
  expect(plain).toBeGreaterThan(0.3);
  expect(await paddingOf({ rows: { type: 'buckets', window: 100 } })).toBeLessThan(0.1);
  expect(await paddingOf({ rows: { type: 'tokens', max: 200, window: 100 } })).toBeLessThan(0.1);
});
