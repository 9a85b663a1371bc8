import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binomialTest, falseAlarm, goodnessOfFit } from '../../../core/src/testing/statistics.ts';
import { globalOrder, type Order, windowedOrder } from './order.ts';

/** All sizes under MASKLOOM_FULL=1, else so many that every run has time for. */
const full = process.env['MASKLOOM_FULL'] === '1';
/** Milliseconds for tests of all sizes. */
const patience = full ? 1_200_000 : 60_000;
const seed = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

function isBijection(rows: number, order: Order): boolean {
  const seen = new Uint8Array(rows);
  for (let position = 0; position < rows; position++) {
    const row = order(position);
    if (!(row >= 0 && row < rows) || seen[row] === 1) return false;
    seen[row] = 1;
  }
  return true;
}

/** Cuts rows into shards of many sizes, empty ones among them. */
function shardsOf(rows: number): number[] {
  const shards = [0];
  for (let left = rows; left > 0; ) {
    const size = Math.min(left, (shards.length * 37) % 91);
    shards.push(size);
    left -= size;
  }
  return shards;
}

const orders: readonly [
  name: string,
  make: (rows: number, seed: bigint, epoch: number) => Order,
][] = [
  ['global', (rows, seed, epoch) => globalOrder(rows, seed, epoch, rows % 3)],
  [
    'windowed',
    (rows, seed, epoch) =>
      windowedOrder(shardsOf(rows), 1 + ((rows * 7) % 200), seed, epoch, rows % 3),
  ],
];

describe.each(orders)('the %s order', (_name, make) => {
  test('is a bijection for every number of rows from 0 to 5,000', { timeout: patience }, () => {
    for (let rows = 0; rows <= 5000; rows += full || rows < 300 ? 1 : 37) {
      expect(isBijection(rows, make(rows, 42n, rows % 5)), `${rows} rows`).toBe(true);
    }
  });

  test('is a bijection around the powers of two up to 2^20, where a peer loses a record', {
    timeout: patience,
  }, () => {
    for (let bits = 2; bits <= (full ? 20 : 16); bits++) {
      for (const rows of [2 ** bits - 1, 2 ** bits, 2 ** bits + 1]) {
        expect(isBijection(rows, make(rows, 7n, 3)), `${rows} rows`).toBe(true);
      }
    }
  });

  test('differs between epochs, seeds and datasets', () => {
    const first = (seed: bigint, epoch: number) => {
      const order = make(1000, seed, epoch);
      return Array.from({ length: 20 }, (_, position) => order(position)).join();
    };
    const all = [
      first(0n, 0),
      first(0n, 1),
      first(1n, 0),
      first(1n << 32n, 0),
      first(1n << 63n, 0),
    ];
    expect(new Set(all).size).toBe(5);
  });
});

describe('globalOrder()', () => {
  test('gives no row twice among positions of sets beyond 2^32 rows', () => {
    const rows = fc.integer({ min: 2 ** 32, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(rows, seed, (count, drawn) => {
        const order = globalOrder(count, drawn, 1);
        const found = Array.from({ length: 500 }, (_, position) => order(position));
        for (const row of found) expect(Number.isSafeInteger(row) && row < count).toBe(true);
        expect(new Set(found).size).toBe(500);
      }),
      { numRuns: 30 },
    );
  });

  test('leaves as many neighbours together as chance does', () => {
    // Of a random permutation, a position's row is followed by the next with probability 1/N: over 100 epochs of
    // 4,999 pairs of positions that is nearly binomial, which at these sizes differs from the exact
    // distribution (Kaplansky's) by far less than the bound.
    let together = 0;
    for (let epoch = 0; epoch < 100; epoch++) {
      const order = globalOrder(5000, 11n, epoch);
      for (let position = 0; position + 1 < 5000; position++) {
        if (order(position) + 1 === order(position + 1)) together++;
      }
    }
    expect(binomialTest(together, 100 * 4999, 1 / 5000)).toBeGreaterThan(falseAlarm);
  });

  test('puts every row at every position alike', () => {
    // The position of rows 0 and 1599 over epochs, in 16 cells.
    for (const row of [0, 1599]) {
      const cells = new Uint32Array(16);
      for (let epoch = 0; epoch < 3000; epoch++) {
        cells[Math.floor(globalOrder(1600, 5n, epoch)(row) / 100)]!++;
      }
      const shares = Array.from(cells, () => 1 / 16);
      expect(goodnessOfFit(cells, shares)).toBeGreaterThan(falseAlarm);
    }
  });

  test('of datasets with as many rows are different', () => {
    const orders = [0, 1, 2].map((dataset) => globalOrder(10_000, 3n, 7, dataset));
    const same = Array.from({ length: 10_000 }, (_, position) => position).filter(
      (position) => orders[0]!(position) === orders[1]!(position),
    );
    expect(binomialTest(same.length, 10_000, 1 / 10_000)).toBeGreaterThan(falseAlarm);
    expect(orders[1]!(0)).not.toBe(orders[2]!(0));
  });
});

describe('windowedOrder()', () => {
  test('gives no row twice among positions of sets beyond 2^32 rows', () => {
    const shape = fc.record({
      shard: fc.integer({ min: 1, max: 2 ** 40 }),
      shards: fc.integer({ min: 1, max: 2000 }),
      window: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      seed,
      at: fc.nat(2 ** 31),
    });
    fc.assert(
      fc.property(shape, ({ shard, shards, window, seed: drawn, at }) => {
        const sizes = Array.from({ length: shards }, () => shard);
        const rows = shard * shards;
        const order = windowedOrder(sizes, window, drawn, 1);
        const first = at % Math.max(1, rows - 300);
        const found = Array.from({ length: Math.min(300, rows) }, (_, index) =>
          order(first + index),
        );
        for (const row of found) expect(Number.isSafeInteger(row) && row < rows).toBe(true);
        expect(new Set(found).size).toBe(found.length);
      }),
      { numRuns: 100 },
    );
  });

  test('reads from no more shards at a time than a window overlaps', () => {
    const shards = Array.from({ length: 50 }, (_, index) => 100 + (index % 7));
    const rows = shards.reduce((sum, size) => sum + size, 0);
    const shardOf = shards.flatMap((size, shard) => Array.from({ length: size }, () => shard));
    const order = windowedOrder(shards, 250, 9n, 4);
    const last = new Int32Array(shards.length).fill(-1);
    const first = new Int32Array(shards.length).fill(-1);
    for (let position = 0; position < rows; position++) {
      const shard = shardOf[order(position)]!;
      if (first[shard] === -1) first[shard] = position;
      last[shard] = position;
    }
    for (let position = 0; position < rows; position++) {
      const open = shards.filter(
        (_, shard) => first[shard]! <= position && position <= last[shard]!,
      );
      // 250 positions overlap at most ceil(249 / 100) + 1 shards.
      expect(open.length).toBeLessThanOrEqual(4);
    }
  });

  test('leaves as many neighbours together as chance does within windows', () => {
    // Two positions of one window of n rows hold neighbours with probability (n - 1) / (n (n - 1)) = 1/n, and
    // there are n - 1 such pairs of positions in each.
    let together = 0;
    for (let epoch = 0; epoch < 100; epoch++) {
      const order = windowedOrder([5000], 500, 11n, epoch);
      for (let position = 0; position + 1 < 5000; position++) {
        const across = position % 500 === 499;
        if (!across && order(position) + 1 === order(position + 1)) together++;
      }
    }
    expect(binomialTest(together, 100 * 10 * 499, 1 / 500)).toBeGreaterThan(falseAlarm);
  });

  test('puts every shard at every place, and every row at every position of its window, alike', () => {
    const shards = Array.from({ length: 16 }, () => 32);
    const places = new Uint32Array(16);
    const within = new Uint32Array(16);
    for (let epoch = 0; epoch < 3000; epoch++) {
      const order = windowedOrder(shards, 32, 5n, epoch);
      const rows = Array.from({ length: 512 }, (_, position) => order(position));
      const position = rows.indexOf(3 * 32 + 5);
      places[Math.floor(position / 32)]!++;
      within[(position % 32) >> 1]!++;
    }
    for (const cells of [places, within]) {
      const shares = Array.from(cells, () => 1 / 16);
      expect(goodnessOfFit(cells, shares)).toBeGreaterThan(falseAlarm);
    }
  });
});
