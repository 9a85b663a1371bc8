import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binomialTest, falseAlarm, goodnessOfFit } from '../../../core/src/testing/statistics.ts';
import { checkWeights, mixture } from './mixing.ts';

const weights = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 6 });
const seed = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe('mixture()', () => {
  test('has each weight exactly in every window, and each draw of a dataset once', () => {
    fc.assert(
      fc.property(weights, seed, fc.nat(2 ** 40), (given, drawn, window) => {
        const sum = given.reduce((total, weight) => total + weight, 0);
        const drawOf = mixture(given, drawn);
        const seen = given.map(() => new Set<number>());
        for (let number = 0; number < sum; number++) {
          const { dataset, draw } = drawOf(window * sum + number);
          seen[dataset]!.add(draw);
        }
        for (const [dataset, weight] of given.entries()) {
          expect([...seen[dataset]!].sort((a, b) => a - b)).toEqual(
            Array.from({ length: weight }, (_, index) => window * weight + index),
          );
        }
      }),
    );
  });

  test('draws from datasets at every place of a window alike, and independently of the draw before', () => {
    const drawOf = mixture([3, 5], 42n);
    const places = new Uint32Array(8);
    let both = 0;
    const windows = 20_000;
    for (let window = 0; window < windows; window++) {
      const first = Array.from(
        { length: 8 },
        (_, place) => drawOf(window * 8 + place).dataset === 0,
      );
      for (const [place, isFirst] of first.entries()) if (isFirst) places[place]!++;
      if (first[0] && first[1]) both++;
    }
    // Three of the eight places are drawn in each window: shares of an eighth, with less variance than if they
    // were drawn one by one.
    const shares = Array.from(places, () => 1 / 8);
    expect(goodnessOfFit(places, shares)).toBeGreaterThan(falseAlarm);
    expect(binomialTest(places[0]!, windows, 3 / 8)).toBeGreaterThan(falseAlarm);
    expect(binomialTest(both, windows, (3 / 8) * (2 / 7))).toBeGreaterThan(falseAlarm);
  });
});

test('weights are integers from 1 that sum to at most 65,536', () => {
  checkWeights([1, 65535]);
  expect(() => checkWeights([1, 65536])).toThrow(
    /^sum of the weights is 65537, expected at most 65536/,
  );
  for (const weight of [0, -1, 0.5, undefined, '3']) {
    expect(() => checkWeights([1, weight])).toThrow(/^datasets\[1\]\.weight is /);
  }
});
