import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createPermutation } from './permutation.ts';

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const size = fc.oneof(
  fc.integer({ min: 1, max: 5000 }),
  fc.integer({ min: 1, max: 2 ** 53 - 1 }),
  fc
    .tuple(fc.integer({ min: 1, max: 52 }), fc.constantFrom(-1, 0, 1))
    .map(([k, d]) => Math.max(1, 2 ** k + d)),
  fc.constantFrom(2 ** 53 - 1),
);

describe('createPermutation()', () => {
  test('gives each number once', () => {
    for (const rows of [1, 2, 3, 4, 5, 63, 64, 65, 1000, 4096, 4097, 70_000]) {
      const all = new Float64Array(rows);
      createPermutation(rows, 7, 2).range(0, all);
      const seen = new Uint8Array(rows);
      for (const row of all) seen[row]!++;
      expect(seen.every((count) => count === 1)).toBe(true);
    }
  });

  test('gives the same by ranges as one by one', () => {
    fc.assert(
      fc.property(
        size,
        uint64,
        uint32,
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        fc.oneof(fc.nat(40), fc.constantFrom(1023, 1024, 1025, 2500)),
        fc.record({ firstRound: fc.nat(2 ** 24 - 6), window: uint32 }),
        (size, seed, epoch, where, wanted, options) => {
          const permutation = createPermutation(size, seed, epoch, options);
          const count = Math.min(wanted, size);
          const start = Math.floor(where * (size - count));
          const range = new Float64Array(count);
          permutation.range(start, range);
          expect([...range]).toEqual(
            Array.from(range, (_, index) => permutation.at(start + index)),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  test('refuses sizes, epochs and positions that do not hold', () => {
    for (const bad of [0, -1, 0.5, 2 ** 53, Number.NaN]) {
      expect(() => createPermutation(bad, 0, 0)).toThrow(/^size is/);
    }
    expect(() => createPermutation(3, 0, -1)).toThrow(/^epoch is -1/);
    const permutation = createPermutation(10, 0, 0);
    for (const bad of [-1, 10, 0.5]) {
      expect(() => permutation.at(bad)).toThrow(/^position is .* expected integers from 0 to 9/);
    }
    expect(() => permutation.range(8, new Float64Array(3))).toThrow(/^position is 8/);
  });

  describe('where there is no WebAssembly', () => {
    afterEach(() => {
      vi.unstubAllGlobals();
      vi.resetModules();
    });
    test('gives the same', async () => {
      vi.resetModules();
      vi.stubGlobal('WebAssembly', undefined);
      const fresh = await import('./permutation.ts');
      const [plain, fast] = [new Float64Array(100), new Float64Array(100)];
      fresh.createPermutation(1000, 9n, 1).range(300, plain);
      createPermutation(1000, 9n, 1).range(300, fast);
      expect(plain).toEqual(fast);
    });
  });
});
