import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  albert,
  bertWholeWord,
  roberta,
  type Strategy,
  sentenceOrder,
  spanbert,
  t5,
  tokenMasking,
  ul2,
} from '@maskloom/core';
import {
  type CacheEvent,
  type CacheOptions,
  createLoader,
  createPlan,
  type LayoutSpec,
  type Loader,
  type LoaderEvent,
  listCache,
  type Plan,
  type PlanOptions,
  pruneCache,
  StreamDigest,
  verifyCache,
} from '@maskloom/loader';
import type { Dataset } from '@maskloom/shards';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeDataset, sentinelVocab } from '../testing/dataset.ts';

const sentinels = { first: 1099, count: 100 };
const strategies: readonly [string, Strategy][] = [
  ['token', tokenMasking({ rate: 0.15 })],
  ['all tokens', tokenMasking({ rate: 1, mask: 0.5, random: 0.25, keep: 0.25 })],
  ['no token', tokenMasking({ rate: 0 })],
  ['roberta', roberta()],
  ['whole words', bertWholeWord()],
  ['units of a column', bertWholeWord({ unit: 'column' })],
  ['spanbert', spanbert()],
  ['sentence order', sentenceOrder(albert())],
  ['t5', t5({ sentinels, end: 3 })],
  [
    'ul2',
    ul2({ sentinels: { first: 1096, count: 97 }, end: 3, modes: { r: 1097, s: 1098, x: 1099 } }),
  ],
];
const rows = 203;

let dataset: Dataset;
let folder: string;
beforeAll(async () => {
  dataset = await makeDataset(rows, sentinelVocab);
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-cache-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const planOf = (strategy: Strategy, options: Partial<PlanOptions> = {}): Plan =>
  createPlan({
    dataset,
    strategy,
    seed: 42n,
    batch: 12,
    last: 'short',
    mode: 'static',
    ...options,
  });

interface Opening {
  readonly workers?: number;
  readonly cache?: CacheOptions;
  readonly onEvent?: (event: LoaderEvent) => void;
}

/** Opens a loader, on the cache in `folder` unless told. */
const open = (plan: Plan, { workers = 0, cache = { directory: folder }, onEvent }: Opening = {}) =>
  createLoader({
    plan,
    dataset,
    workers,
    cache,
    // Batches are events too, and not of the cache.
    onEvent: (event) => {
      if (event.type === 'batch') return;
      if (onEvent === undefined) expect(event).toBeUndefined();
      else onEvent(event);
    },
  });

/** The stream digest of epochs. */
async function digestOf(loader: Loader, epochs = 1, layout?: LayoutSpec): Promise<string> {
  const digest = new StreamDigest(loader.planId);
  const steps = epochs * loader.stepsPerEpoch;
  for await (const batch of loader.batches({
    steps,
    digest: true,
    ...(layout === undefined ? {} : { layout }),
  })) {
    digest.updateDigests(batch.digests!);
  }
  return digest.hex();
}

async function digestWithout(plan: Plan, epochs = 1): Promise<string> {
  await using loader = await createLoader({ plan, dataset, workers: 0 });
  return await digestOf(loader, epochs);
}

const entriesIn = async (directory: string): Promise<string[]> =>
  (await readdir(directory, { recursive: true }))
    .filter((name) => name.endsWith('.arrow'))
    .map((name) => join(directory, name));

/** Once without threads for each strategy; with threads for one of each kind. */
const runs = strategies.flatMap(([name, strategy]) => {
  const workers = ['whole words', 'sentence order', 't5'].includes(name) ? [0, 1, 2] : [0];
  return workers.map((count) => [name, count, strategy] as const);
});

test.each(runs)(
  'the cache of %s changes no byte and masks each (sample, copy) once, with %i workers',
  async (_name, workers, strategy) => {
    const plan = planOf(strategy, { copies: 2 });
    const expected = await digestWithout(plan, 6);
    {
      await using loader = await open(plan, { workers });
      expect(await digestOf(loader, 6)).toBe(expected);
      expect(loader.cacheCounts).toEqual({ computed: 2 * rows, read: 4 * rows });
    }
    await using again = await open(plan, { workers });
    expect(await digestOf(again, 6)).toBe(expected);
    expect(again.cacheCounts).toEqual({ computed: 0, read: 6 * rows });
  },
);

test('the cache changes no byte whatever the plan, layout and ranks, from any state of the cache', async () => {
  const layouts: LayoutSpec[] = [
    'varlen',
    'dense',
    'compact',
    { type: 'dense', pad: 'dataset', multiple: 8 },
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...strategies),
      fc.record({
        copies: fc.integer({ min: 1, max: 3 }),
        order: fc.constantFrom('global' as const, 'sequential' as const),
        last: fc.constantFrom('drop' as const, 'short' as const, 'fill' as const),
        batch: fc.integer({ min: 1, max: 100 }),
        seed: fc.constantFrom(0n, 1n, 2n ** 64n - 1n),
      }),
      fc.constantFrom(...layouts),
      fc.array(fc.tuple(fc.nat(9), fc.nat(1000), fc.integer({ min: 1, max: 4 })), { maxLength: 4 }),
      async ([, strategy], options, layout, before) => {
        const plan = planOf(strategy, options);
        const aligned = strategy.plan.type !== 'span-corruption';
        await using loader = await open(plan);
        for (const [epoch, step, steps] of before) {
          const from = { epoch, step: step % loader.stepsPerEpoch };
          for await (const batch of loader.batches({ from, steps }))
            expect(batch.rows).toBeGreaterThan(0);
        }
        const expected = await digestWithout(plan, 2);
        expect(await digestOf(loader, 2, aligned ? layout : undefined)).toBe(expected);
      },
    ),
    { numRuns: 25 },
  );
});

test.each<[string, Partial<PlanOptions>]>([
  ['packed', { rows: { type: 'packed', length: 64, window: 24 } }],
  ['in buckets', { rows: { type: 'buckets', window: 24 } }],
  ['by tokens', { rows: { type: 'tokens', max: 150, window: 24 } }],
  ['in a windowed order', { order: { type: 'windowed', rows: 24 } }],
])(
  'the cache changes no byte of batches that are %s, and serves them from masks of others',
  async (_name, options) => {
    const strategy = spanbert();
    {
      await using loader = await open(planOf(strategy));
      await digestOf(loader);
    }
    const plan = planOf(strategy, options);
    const expected = await digestWithout(plan, 2);
    await using loader = await open(plan, { workers: 1 });
    expect(await digestOf(loader, 2)).toBe(expected);
    expect(loader.cacheCounts).toEqual({ computed: 0, read: 2 * rows });
  },
);

test('the datasets of a mixture have masks of their own, each in its own epochs', async () => {
  const other = await makeDataset(90, sentinelVocab);
  const datasets = [dataset, other];
  const weights = [
    { dataset, weight: 1 },
    { dataset: other, weight: 2 },
  ];
  const plan = createPlan({
    datasets: weights,
    strategy: bertWholeWord(),
    seed: 42n,
    batch: 12,
    mode: 'static',
    copies: 3,
  });
  const read = async (cache?: CacheOptions) => {
    await using loader = await createLoader({
      plan,
      datasets,
      workers: 0,
      ...(cache === undefined ? {} : { cache }),
    });
    return { digest: await digestOf(loader, 8), counts: loader.cacheCounts };
  };
  const { digest } = await read();
  const first = await read({ directory: folder });
  expect(first.digest).toBe(digest);
  expect(first.counts!.read).toBeGreaterThan(0);
  const second = await read({ directory: folder });
  expect(second).toEqual({
    digest,
    counts: { computed: 0, read: first.counts!.computed + first.counts!.read },
  });
  const digests = (await listCache(folder)).map(({ parts }) => parts?.dataset.digest);
  expect(digests.sort()).toEqual([dataset.digest, other.digest].sort());
});

test('plans that differ in order, batch, last or number of copies share masks; those that differ in seed do not', async () => {
  const strategy = bertWholeWord();
  const first = planOf(strategy, { copies: 2 });
  {
    await using loader = await open(first);
    await digestOf(loader, 2);
  }
  const sharing: Partial<PlanOptions>[] = [
    { copies: 2, order: 'sequential' },
    { copies: 2, batch: 7, last: 'fill' },
    { copies: 1 },
    { copies: 3, last: 'drop' },
  ];
  for (const options of sharing) {
    const plan = planOf(strategy, options);
    await using loader = await open(plan);
    expect(await digestOf(loader)).toBe(await digestWithout(plan));
    expect(loader.cacheCounts?.computed).toBe(0);
  }
  await using other = await open(planOf(strategy, { copies: 2, seed: 43n }));
  await digestOf(other);
  expect(other.cacheCounts).toEqual({ computed: rows, read: 0 });
});

test('what a run computed before it ended is not computed again', async () => {
  const plan = planOf(spanbert());
  {
    await using loader = await open(plan);
    for await (const batch of loader.batches({ steps: 5 })) expect(batch.rows).toBe(12);
  }
  await using loader = await open(plan);
  await digestOf(loader);
  expect(loader.cacheCounts).toEqual({ computed: rows - 60, read: 60 });
});

test('two loaders of the same plan at once take from each other, and give the same stream', async () => {
  const plan = planOf(bertWholeWord(), { order: 'sequential' });
  const timing = { entryAge: 0, interval: 10 };
  const cache = { directory: folder, timing };
  await using first = await open(plan, { cache });
  await using second = await open(plan, { cache });
  const expected = await digestWithout(plan);
  expect(await digestOf(first)).toBe(expected);
  await expect
    .poll(async () => (await listCache(folder)).map(({ samples }) => samples), { timeout: 20_000 })
    .toEqual([rows]);
  // Its keeper looks every 10 ms.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await digestOf(second)).toBe(expected);
  expect(second.cacheCounts).toEqual({ computed: 0, read: rows });
});

describe('a damaged entry', () => {
  async function fill(plan: Plan): Promise<string> {
    {
      await using loader = await open(plan);
      await digestOf(loader);
    }
    const [entry, ...more] = await entriesIn(folder);
    expect(more).toEqual([]);
    return entry!;
  }

  const damages: readonly [string, (bytes: Buffer) => Buffer][] = [
    ['with one bit flipped at its start', (bytes) => flip(bytes, 0)],
    ['with one bit flipped in its middle', (bytes) => flip(bytes, bytes.length >> 1)],
    ['with one bit flipped at its end', (bytes) => flip(bytes, bytes.length - 1)],
    ['cut short', (bytes) => bytes.subarray(0, bytes.length - 100)],
    ['that is empty', () => Buffer.alloc(0)],
    ['with bytes appended', (bytes) => Buffer.concat([bytes, Buffer.alloc(8)])],
  ];
  test.each(damages)(
    '%s is reported, computed again and replaced, never served',
    async (_name, damage) => {
      const plan = planOf(t5({ sentinels, end: 3 }));
      const entry = await fill(plan);
      await writeFile(entry, damage(await readFile(entry)));
      expect((await verifyCache(folder)).torn.map(({ path }) => path)).toEqual([entry]);
      const events: LoaderEvent[] = [];
      {
        await using loader = await open(plan, { onEvent: (event) => events.push(event) });
        expect(await digestOf(loader)).toBe(await digestWithout(plan));
        expect(loader.cacheCounts).toEqual({ computed: rows, read: 0 });
      }
      expect(events).toMatchObject([
        { type: 'cache-entry', error: { code: 'CACHE_ENTRY', path: entry } },
      ]);
      await using loader = await open(plan);
      await digestOf(loader);
      expect(loader.cacheCounts).toEqual({ computed: 0, read: rows });
    },
  );

  function flip(bytes: Buffer, index: number): Buffer {
    const flipped = Buffer.from(bytes);
    flipped[index]! ^= 4;
    return flipped;
  }
});

test('a folder that can not be written to is reported once, and the stream is the same', async () => {
  const plan = planOf(bertWholeWord());
  await writeFile(join(folder, 'file'), '');
  const events: LoaderEvent[] = [];
  {
    await using loader = await open(plan, {
      cache: { directory: join(folder, 'file/cache'), timing: { entryBytes: 1024, interval: 5 } },
      onEvent: (event) => events.push(event),
    });
    expect(await digestOf(loader, 2)).toBe(await digestWithout(plan, 2));
    // In memory masks are kept nevertheless.
    expect(loader.cacheCounts).toEqual({ computed: rows, read: rows });
  }
  expect(events.map(({ type }) => type)).toEqual(['cache-off']);
  expect((events[0] as CacheEvent & { error: Error }).error.message).toMatch(/ENOTDIR/);
});

test('a folder that is removed while a loader runs is made again', async () => {
  const plan = planOf(bertWholeWord(), { copies: 2 });
  {
    await using loader = await open(plan, {
      cache: { directory: folder, timing: { entryAge: 0, interval: 5 } },
    });
    await digestOf(loader);
    const samples = async () => (await listCache(folder)).map(({ samples }) => samples);
    await expect.poll(samples, { timeout: 20_000 }).toEqual([rows]);
    await rm(folder, { recursive: true, maxRetries: 10 });
    expect(await digestOf(loader, 4)).toBe(await digestWithout(plan, 4));
    expect(loader.cacheCounts?.computed).toBe(2 * rows);
  }
  expect((await verifyCache(folder)).torn).toEqual([]);
  expect((await listCache(folder))[0]).toMatchObject({ copies: [1], samples: rows });
});

describe('the limit', () => {
  test('makes the entries used longest ago go, and readers that have them keep them', async () => {
    const large = await makeDataset(3000, sentinelVocab);
    const plan = (seed: bigint) =>
      createPlan({ dataset: large, strategy: spanbert(), seed, batch: 100, mode: 'static' });
    const openLarge = (seed: bigint, limit: number) =>
      createLoader({
        plan: plan(seed),
        dataset: large,
        workers: 0,
        cache: { directory: folder, limit },
      });
    await using reader = await openLarge(0n, 2 ** 20);
    const first = await digestOf(reader);
    {
      await using loader = await openLarge(0n, 2 ** 20);
      expect(await digestOf(loader)).toBe(first);
    }
    const [before] = await listCache(folder);
    const limit = Math.ceil(before!.bytes * 1.5);
    {
      await using loader = await openLarge(1n, limit);
      await digestOf(loader);
    }
    const after = await listCache(folder);
    expect(after.map(({ parts, samples }) => [parts?.seed, samples])).toEqual([['1', 3000]]);
    expect(after[0]!.bytes).toBeLessThanOrEqual(limit);
    expect(await digestOf(reader)).toBe(first);
    expect(reader.cacheCounts).toEqual({ computed: 3000, read: 3000 });
  });

  test('that is reached is told once: what fits is read, the rest is computed each time', async () => {
    const large = await makeDataset(3000, sentinelVocab);
    const strategy = spanbert();
    const plan = createPlan({ dataset: large, strategy, seed: 1n, batch: 100, mode: 'static' });
    const events: LoaderEvent[] = [];
    const limit = 64 * 1024;
    {
      await using loader = await createLoader({
        plan,
        dataset: large,
        workers: 0,
        cache: { directory: folder, limit, timing: { entryBytes: 8192, interval: 5 } },
        onEvent: (event) => {
          if (event.type !== 'batch') events.push(event);
        },
      });
      const first = await digestOf(loader);
      expect(await digestOf(loader)).toBe(first);
      const { computed, read } = loader.cacheCounts!;
      expect(computed + read).toBe(6000);
      expect(read).toBeGreaterThan(500);
      expect(read).toBeLessThan(2500);
    }
    expect(events).toMatchObject([{ type: 'cache-full', limit }]);
    const [family] = await listCache(folder);
    expect(family!.bytes).toBeLessThanOrEqual(limit);
  });

  test('that has no place for a plan is told once, and all is computed', async () => {
    const plan = planOf(bertWholeWord());
    const cache = { directory: folder, limit: 4096, timing: { entryBytes: 1024, interval: 5 } };
    const events: LoaderEvent[] = [];
    {
      await using loader = await open(plan, { cache, onEvent: (event) => events.push(event) });
      expect(await digestOf(loader, 3)).toBe(await digestWithout(plan, 3));
    }
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ type: 'cache-off' });
  });
});

test('entries are read by Arrow, and hold positions, ids, and what they are of', async () => {
  const plan = planOf(sentenceOrder(albert()), { copies: 2 });
  {
    await using loader = await open(plan);
    await digestOf(loader, 2);
  }
  const paths = await entriesIn(folder);
  expect(paths).toHaveLength(2);
  const table = tableFromIPC(await readFile(paths[0]!));
  expect(table.schema.fields.map(({ name }) => name)).toEqual([
    'sample',
    'selected',
    'masked_positions',
    'masked_ids',
    'sentence_label',
  ]);
  expect([...table.getChild('sample')!]).toEqual(
    Array.from({ length: rows }, (_, row) => BigInt(row)),
  );
  const header = JSON.parse(table.schema.metadata.get('maskloom')!) as object;
  expect(header).toMatchObject({
    parts: { version: 1, dataset: { digest: dataset.digest, base: '0' }, seed: '42' },
    samples: rows,
  });
});

test('a plan in dynamic mode has no cache', async () => {
  const strategy = tokenMasking({ rate: 0.15 });
  const plan = createPlan({ dataset, strategy, seed: 1n, batch: 8 });
  await expect(open(plan)).rejects.toThrow(/^cache is .*expected none for a plan in dynamic mode/);
  const fixed = planOf(strategy);
  await expect(open(fixed, { cache: { directory: folder, limit: 0 } })).rejects.toThrow(
    /^cache.limit is 0/,
  );
});

test('pruning removes what is torn, then what was used longest ago', async () => {
  for (const seed of [1n, 2n, 3n]) {
    await using loader = await open(planOf(bertWholeWord(), { seed }));
    await digestOf(loader);
  }
  const families = await listCache(folder);
  expect(families).toHaveLength(3);
  const newest = [...families].sort((a, b) => b.used - a.used)[0]!;
  const [entry] = await entriesIn(join(folder, newest.id));
  await writeFile(entry!, 'torn');
  const { bytes } = families.find(({ id }) => id !== newest.id)!;
  const pruned = await pruneCache(folder, Math.ceil(bytes * 1.2));
  expect(pruned).toMatchObject({ torn: 1, entries: 1, unfinished: 0 });
  expect((await verifyCache(folder)).whole).toBe(1);
});
