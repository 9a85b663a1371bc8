import fc from 'fast-check';
import { expect, test } from 'vitest';
import { divideHalfEven } from './half-even.ts';

test('divideHalfEven() rounds as Python does: round(0.5), round(1.5), … are 0 2 2 4 4', () => {
  expect([1, 3, 5, 7, 9].map((half) => divideHalfEven(half, 2))).toEqual([0, 2, 2, 4, 4]);
  expect([5, 15, 25, 35].map((numerator) => divideHalfEven(numerator, 10))).toEqual([0, 2, 2, 4]);
});

test('divideHalfEven() is never further than half from the quotient', () => {
  const integer = (min: number) => fc.integer({ min, max: 2 ** 31 });
  fc.assert(
    fc.property(integer(0), integer(1), (numerator, denominator) => {
      const rounded = BigInt(divideHalfEven(numerator, denominator));
      const off = rounded * BigInt(denominator) - BigInt(numerator);
      expect((off < 0n ? -off : off) * 2n <= BigInt(denominator)).toBe(true);
    }),
  );
});
