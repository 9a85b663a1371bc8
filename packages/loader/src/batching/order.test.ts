import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { globalOrder } from './order.ts';

function isBijection(rows: number, seed: bigint, epoch: number): boolean {
  const order = globalOrder(rows, seed, epoch);
  const seen = new Uint8Array(rows);
  for (let position = 0; position < rows; position++) {
    const row = order(position);
    if (!(row >= 0 && row < rows) || seen[row] === 1) return false;
    seen[row] = 1;
  }
  return true;
}

describe('globalOrder()', () => {
  test('is a bijection for every number of rows from 1 to 1,000', () => {
    for (let rows = 1; rows <= 1000; rows++) {
      expect(isBijection(rows, 42n, rows % 5), `${rows} rows`).toBe(true);
    }
  });

  test('is a bijection around the powers of two, where a peer loses a record', () => {
    for (let bits = 2; bits <= 16; bits++) {
      for (const rows of [2 ** bits - 1, 2 ** bits, 2 ** bits + 1]) {
        expect(isBijection(rows, 7n, 3), `${rows} rows`).toBe(true);
      }
    }
  });

  test('gives no row twice among positions of sets beyond 2^32 rows', () => {
    const rows = fc.integer({ min: 2 ** 32, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(rows, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (count, seed) => {
        const order = globalOrder(count, seed, 1);
        const found = Array.from({ length: 500 }, (_, position) => order(position));
        for (const row of found) expect(Number.isSafeInteger(row) && row < count).toBe(true);
        expect(new Set(found).size).toBe(500);
      }),
      { numRuns: 30 },
    );
  });

  test('leaves no more neighbours together than chance', () => {
    // In a random permutation the number of positions whose row is followed by row + 1 has mean
    // (N-1)/N and is nearly Poisson(1): over 100 epochs, Poisson(100), which exceeds 160 with
    // probability below 1e-7.
    let together = 0;
    for (let epoch = 0; epoch < 100; epoch++) {
      const order = globalOrder(5000, 11n, epoch);
      for (let position = 0; position + 1 < 5000; position++) {
        if (order(position) + 1 === order(position + 1)) together++;
      }
    }
    expect(together).toBeLessThan(160);
    expect(together).toBeGreaterThan(50);
  });

  test('puts rows at positions uniformly', () => {
    // Chi-square of row 0's position over 3,000 epochs in 16 cells; 15 degrees of freedom exceed 60
    // with probability below 3e-7.
    const cells = new Float64Array(16);
    for (let epoch = 0; epoch < 3000; epoch++)
      cells[Math.floor(globalOrder(1600, 5n, epoch)(0) / 100)]!++;
    const expected = 3000 / 16;
    const statistic = cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(statistic).toBeLessThan(60);
  });

  test('differs between epochs and seeds', () => {
    const first = (seed: bigint, epoch: number) => {
      const order = globalOrder(1000, seed, epoch);
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
