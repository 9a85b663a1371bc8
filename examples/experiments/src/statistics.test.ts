import { describe, expect, test } from 'vitest';
import { confidence, isDifferent, tQuantile } from './statistics.ts';

describe('tQuantile()', () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2.
  test.each([
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [5, 2.571],
    [9, 2.262],
    [10, 2.228],
    [30, 2.042],
    [99, 1.984],
  ])('of 97.5 %% with %i degrees of freedom is %f', (degrees, expected) => {
    expect(tQuantile(0.975, degrees)).toBeCloseTo(expected, 3);
  });

  test('of other probabilities is that of the table too', () => {
    expect(tQuantile(0.95, 4)).toBeCloseTo(2.132, 3);
    expect(tQuantile(0.995, 7)).toBeCloseTo(3.499, 3);
  });
});

describe('confidence()', () => {
  test('is the mean and t standard errors to both sides', () => {
    const { mean, low, high } = confidence([1, 2, 3, 4, 5]);
    expect(mean).toBe(3);
    // s = sqrt(2.5), so that the margin is 2.776445 * sqrt(2.5 / 5).
    expect(high - mean).toBeCloseTo(1.963243, 5);
    expect(mean - low).toBeCloseTo(1.963243, 5);
  });

  test('of one value has no bounds', () => {
    expect(confidence([7])).toEqual({
      mean: 7,
      low: Number.NEGATIVE_INFINITY,
      high: Number.POSITIVE_INFINITY,
    });
  });

  test('covers the true mean in 95 of 100 samples', () => {
    // Normal values from a fixed linear congruential generator, by Box and Muller.
    let state = 12345n;
    const uniform = (): number => {
      state = (state * 6364136223846793005n + 1442695040888963407n) & ((1n << 64n) - 1n);
      return (Number(state >> 11n) + 0.5) / 2 ** 53;
    };
    const normal = (): number =>
      Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    let covered = 0;
    for (let round = 0; round < 4000; round++) {
      if (!isDifferent(confidence(Array.from({ length: 5 }, normal)))) covered++;
    }
    // Five standard deviations of the count.
    expect(Math.abs(covered - 3800)).toBeLessThan(5 * Math.sqrt(4000 * 0.95 * 0.05));
  });
});
