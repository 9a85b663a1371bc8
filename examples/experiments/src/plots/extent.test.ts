import { linearScale, ticks } from '@maskloom/demo';
import { expect, test } from 'vitest';
import { extent } from './extent.ts';

test('a scale maps the ends of its domain to the ends of its range', () => {
  const { at } = linearScale([2, 4], [100, 0]);
  expect([2, 3, 4].map(at)).toEqual([100, 50, 0]);
});

test('an extent holds all values that are numbers, and is never empty', () => {
  expect(extent([3, 1, Number.POSITIVE_INFINITY, 2], 0.5)).toEqual([0, 4]);
  const [low, high] = extent([7, 7]);
  expect(low).toBeLessThan(7);
  expect(high).toBeGreaterThan(7);
});

test.each([
  [[0, 1230], 6, [0, 500, 1000]],
  [[0.13, 9.4], 6, [2, 4, 6, 8]],
  [[6.18, 6.26], 7, [6.18, 6.2, 6.22, 6.24, 6.26]],
  [[-0.03, 0.04], 7, [-0.03, -0.02, -0.01, 0, 0.01, 0.02, 0.03, 0.04]],
] as const)('ticks in %o are round and within', ([low, high], wanted, expected) => {
  expect(ticks(low, high, wanted)).toEqual(expected);
});
