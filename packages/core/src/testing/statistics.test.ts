import { expect, test } from 'vitest';
import {
  binomialTest,
  chiSquareTail,
  goodnessOfFit,
  independence,
  meanTest,
} from './statistics.ts';

test('binomialTest() agrees with tables', () => {
  // R: 2 * pbinom(40, 100, 0.5) = 0.05688793; scipy.stats.binom.sf(179, 1000, 0.15) * 2 = 0.0101…
  expect(binomialTest(40, 100, 0.5)).toBeCloseTo(0.05688793, 7);
  expect(binomialTest(0, 10, 0.5)).toBeCloseTo(2 / 1024, 12);
  expect(binomialTest(15, 100, 0.15)).toBeGreaterThan(0.9);
});

test('chiSquareTail() agrees with tables', () => {
  // The critical values at 0.05 and 0.001 (NIST/SEMATECH e-Handbook, 1.3.6.7.4).
  for (const [degrees, at05, at001] of [
    [1, 3.841, 10.828],
    [9, 16.919, 27.877],
    [50, 67.505, 86.661],
  ] as const) {
    expect(chiSquareTail(at05, degrees)).toBeCloseTo(0.05, 4);
    expect(chiSquareTail(at001, degrees)).toBeCloseTo(0.001, 5);
  }
});

test('meanTest() takes a die for fair, and a loaded one not', () => {
  const die = Array<number>(6).fill(1 / 6);
  // 600 throws of mean 3.58333; Python: math.erfc((3.58333 - 3.5) / math.sqrt(35 / 12 / 600) / 2 ** 0.5).
  expect(meanTest([90, 100, 100, 100, 100, 110], die)).toBeCloseTo(0.2319977, 6);
  expect(meanTest([100, 100, 100, 100, 100, 100], die)).toBe(1);
  expect(meanTest([50, 100, 100, 100, 100, 150], die)).toBeLessThan(0.001);
});

test('the tests raise an alarm where there is cause', () => {
  expect(binomialTest(16_000, 100_000, 0.15)).toBeLessThan(1e-6);
  expect(goodnessOfFit([1200, 1000, 1000, 800], [0.25, 0.25, 0.25, 0.25])).toBeLessThan(1e-6);
  expect(independence(300, 700, 700, 8300)).toBeLessThan(1e-6);
  expect(independence(100, 900, 900, 8100)).toBeCloseTo(1, 9);
});
