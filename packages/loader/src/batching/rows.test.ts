/** @file Packing, buckets and their index, on lengths alone: occupancy, seeking, and what is kept in files. */
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDraws, tokenMasking } from '@maskloom/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentLengths, lineLengths, speechLengths } from '../../../../test/support/lengths.mjs';
import { globalBatches } from '../global-batch.ts';
import { createPlan, type Plan, type PlanOptions, stepsPerEpoch } from '../plan.ts';
import { cutWindow } from './cut-window.ts';
import { keepIndex } from './index-folder.ts';
import { indexPlanOf } from './index-plan.ts';
import { buildIndex, type RowIndex } from './row-index.ts';

const full = process.env['MASKLOOM_FULL'] === '1';
const strategy = tokenMasking({ rate: 0.15 });

function planned(lengths: ArrayLike<number>, options: Partial<PlanOptions>): [Plan, RowIndex] {
  const length = (row: number) => lengths[row]!;
  const longest = Array.from(lengths).reduce((most, tokens) => Math.max(most, tokens), 0);
  const manifest = { longest } as never;
  const dataset = { digest: 'ab'.repeat(32), rows: lengths.length, length, manifest };
  const plan = createPlan({ dataset, strategy, seed: 42n, batch: 64, ...options });
  return [plan, buildIndex(indexPlanOf(plan, 0, longest)!, length)];
}

describe('best fit in windows', () => {
  test('never overfills a row, puts every sample in one, and leaves none that fits an earlier row', () => {
    const some = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 });
    fc.assert(
      fc.property(some, fc.nat(2 ** 32 - 1), (lengths, epoch) => {
        const rows = { type: 'packed', length: 50, window: 1000, units: [] } as const;
        const cutting = { rows, batch: 1, last: 'drop', drawn: true, seed: 1n } as const;
        const { numbers, starts } = cutWindow(cutting, Uint32Array.from(lengths), epoch, 0n);
        expect([...numbers].sort((a, b) => a - b)).toEqual([...lengths.keys()]);
        const tokens = Array.from({ length: starts.length - 1 }, (_, row) =>
          numbers
            .subarray(starts[row], starts[row + 1])
            .reduce((sum, number) => sum + lengths[number]!, 0),
        );
        for (const sum of tokens) expect(sum).toBeLessThanOrEqual(50);
        // Two rows that are at most half full would have been one.
        expect(tokens.filter((sum) => sum <= 25).length).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('has rows of the same lengths in every epoch, but other samples in them', () => {
    const lengths = Uint32Array.from(lineLengths(2000, 128));
    const rows = { type: 'packed', length: 128, window: 2000, units: [] } as const;
    const cutting = { rows, batch: 1, last: 'drop', drawn: true, seed: 1n } as const;
    const shapes = new Set<string>();
    const contents = new Set<string>();
    for (let epoch = 0; epoch < 5; epoch++) {
      const { numbers, starts } = cutWindow(cutting, lengths, epoch, 0n);
      shapes.add(`${starts.join()} ${numbers.map((number) => lengths[number]!).join()}`);
      contents.add(numbers.join());
    }
    expect([shapes.size, contents.size]).toEqual([1, 5]);
  });

  // Lengths as corpora have them: see test/support/lengths.d.mts.
  test.each([
    ['lines', 512, lineLengths],
    ['lines', 128, lineLengths],
    ['documents', 512, documentLengths],
    ['documents', 8192, documentLengths],
    ['speeches', 512, speechLengths],
    ['speeches', 8192, speechLengths],
  ] as const)('of %s in rows of %i tokens has at least 98 % occupancy', (_, length, make) => {
    const lengths = make(full ? 1_000_000 : 100_000, length);
    const tokens = lengths.reduce((sum, one) => sum + one, 0);
    const [plan] = planned(lengths, { rows: { type: 'packed', length } });
    const { rows } = plan;
    const cells = (rows as { units: readonly number[] }).units[0]! * length;
    expect(tokens / cells).toBeGreaterThanOrEqual(0.98);
    expect(tokens / cells).toBeLessThanOrEqual(1);
  });
});

describe('seeking', () => {
  const samples = full ? 10_000_000 : 500_000;
  let lengths: Uint32Array;
  beforeAll(() => {
    lengths = lineLengths(samples, 512);
  });

  test.each([
    ['packed', { rows: { type: 'packed', length: 512 } }],
    ['bucketed', { rows: { type: 'buckets' } }],
    ['token-sized', { rows: { type: 'tokens', max: 16384 } }],
    [
      'packed, windowed',
      {
        rows: { type: 'packed', length: 512, window: 16384 },
        order: { type: 'windowed', rows: 16384 },
      },
    ],
  ] as const)('any step of a %s epoch takes at most 100 ms', (_, options) => {
    const [plan, index] = planned(lengths, options);
    const steps = stepsPerEpoch(plan);
    const draws = createDraws(1n).at(0, 0);
    const times: number[] = [];
    for (let seek = 0; seek < 20; seek++) {
      // As a worker that has just started, in an epoch that it has not seen.
      const step = Math.floor((draws.word(200, seek) / 2 ** 32) * steps);
      const start = performance.now();
      const batchOf = globalBatches(plan, [{ shards: [samples], index }]);
      const { starts } = batchOf({ epoch: seek, step, rank: 0, world: 1 });
      times.push(performance.now() - start);
      expect(starts.length).toBeGreaterThan(1);
    }
    // The median: a machine that is busy otherwise takes its time now and then.
    const median = times.sort((a, b) => a - b)[10]!;
    expect(median).toBeLessThanOrEqual(100);
  });
});

describe('the index folder', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'maskloom-indexes-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const lengths = lineLengths(3000, 128);
  const length = (row: number) => lengths[row]!;
  const planOf = (options: Partial<PlanOptions>) => {
    const [plan] = planned(lengths, { rows: { type: 'packed', length: 128 }, ...options });
    return indexPlanOf(plan, 0, Math.max(...lengths))!;
  };

  test('builds an index once, and again where its file is torn, altered or gone', async () => {
    const plan = planOf({});
    let built = 0;
    const open = () =>
      keepIndex(folder, plan, async () => {
        built++;
        return buildIndex(plan, length);
      });
    const first = new Uint8Array((await open()).bytes);
    const same = async () => Buffer.from(new Uint8Array((await open()).bytes)).equals(first);
    expect(await same()).toBe(true);
    expect(built).toBe(1);
    const [name] = await readdir(folder);
    const file = join(folder, name!);
    const size = (await readFile(file)).length;

    await truncate(file, size - 1);
    expect(await same()).toBe(true);
    expect(built).toBe(2);
    for (const at of [0, 40, size - 1]) {
      const bytes = await readFile(file);
      bytes[at]! ^= 1;
      await writeFile(file, bytes);
      expect(await same()).toBe(true);
    }
    expect(built).toBe(5);
    await rm(file);
    expect(await same()).toBe(true);
    expect(built).toBe(6);
    expect(await readdir(folder)).toEqual([name]);
  });

  test('is for all that an index depends on, and nothing else', async () => {
    const count = async (...plans: ReturnType<typeof planOf>[]) => {
      await rm(folder, { recursive: true, force: true });
      for (const plan of plans) {
        await keepIndex(folder, plan, async () => buildIndex(plan, length));
      }
      return (await readdir(folder)).length;
    };
    const plan = planOf({});
    // Masks, batch and the rule for the last batch have no say in packed rows; with windows of rows nor has the seed.
    expect(await count(plan, planOf({ batch: 8 }), planOf({ last: 'fill' }))).toBe(1);
    const sequential = planOf({ order: 'sequential' });
    expect(await count(sequential, planOf({ order: 'sequential', seed: 5n }))).toBe(1);
    const others = [
      plan,
      sequential,
      planOf({ seed: 5n }),
      planOf({ rows: { type: 'packed', length: 200 } }),
      planOf({ rows: { type: 'packed', length: 128, window: 640 } }),
      planOf({ rows: { type: 'buckets' } }),
      planOf({ rows: { type: 'buckets' }, last: 'fill' }),
      planOf({ rows: { type: 'tokens', max: 512 } }),
      planOf({ rows: { type: 'tokens', max: 512 }, batch: 7 }),
      { ...plan, digest: 'cd'.repeat(32) },
      { ...plan, dataset: 1 },
    ];
    expect(await count(...others)).toBe(others.length);
  });

  test('of several at once has one whole index', async () => {
    await rm(folder, { recursive: true, force: true });
    const plan = planOf({});
    const all = await Promise.all(
      Array.from({ length: 8 }, () =>
        keepIndex(folder, plan, async () => buildIndex(plan, length)),
      ),
    );
    for (const { bytes } of all)
      expect(new Uint8Array(bytes)).toEqual(new Uint8Array(all[0]!.bytes));
    expect(await readdir(folder)).toHaveLength(1);
  });
});

describe('a plan refuses', () => {
  const lengths = lineLengths(1000, 128);
  test.each([
    [
      { rows: { type: 'packed', length: 20 } },
      /^rows\.length is 20, expected at least \d+, the tokens of the longest/,
    ],
    [{ rows: { type: 'tokens', max: 20 } }, /^rows\.max is 20, expected at least/],
    [
      { rows: { type: 'buckets', window: 100 } },
      /^rows\.window is 100, expected a multiple of the batch of 64 rows/,
    ],
    [{ rows: { type: 'tokens', max: 512 }, last: 'drop' }, /^last is "drop", expected "short"/],
    [{ rows: { type: 'packed', length: 128, window: 0 } }, /^rows\.window is 0/],
    [
      { rows: { type: 'packed', length: 128, window: 64 }, order: { type: 'windowed', rows: 65 } },
      /^order\.rows is 65, expected the rows' window, 64/,
    ],
    [{ order: { type: 'windowed', rows: 0 } }, /^order\.rows is 0/],
  ] as const)('%o', (options, message) => {
    const [plain] = planned(lengths, { rows: { type: 'buckets' } });
    expect(plain.rows).toBeDefined();
    expect(() => planned(lengths, options)).toThrow(message);
  });
});
