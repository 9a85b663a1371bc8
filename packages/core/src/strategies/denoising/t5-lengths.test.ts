import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMasker } from '../../masker.ts';
import { t5 } from './presets.ts';
import { t5Lengths } from './t5-lengths.ts';

describe('t5Lengths()', () => {
  // google-research/text-to-text-transfer-transformer e081111: the first two are
  // preprocessors_test.py's test_random_spans_helper, the others what random_spans_helper gives when it is run.
  test.each([
    [64, 0.2, 2, 70, 22],
    [64, 0.2, 1, 63, 27],
    [128, 0.15, 3, 141, 29],
    [256, 0.15, 3, 284, 58],
    [512, 0.15, 3, 568, 114],
    [1024, 0.15, 3, 1137, 229],
    [2048, 0.15, 3, 2274, 456],
    [512, 0.5, 3, 766, 512],
    [512, 0.5, 8, 908, 512],
    [512, 0.15, 8, 588, 100],
    [512, 0.15, 64, 600, 92],
    [512, 0.5, 64, 1006, 512],
    [100, 0.3, 2.5, 121, 51],
    [1000, 0.1, 20, 1103, 117],
    [333, 0.45, 1.5, 391, 294],
  ])(
    'an input of %i at %d, mean length %d: %i tokens, a target of %i',
    (inputs, rate, meanLength, tokens, targets) => {
      expect(t5Lengths({ inputs, rate, meanLength })).toMatchObject({ tokens, targets });
    },
  );

  test('are the lengths that masking gives, and one token more would be too long', () => {
    const specialIds = [0, 1, ...Array.from({ length: 400 }, (_, index) => 600 + index)];
    const vocab = { size: 1000, maskId: 0, padId: 0, specialIds, continuationIds: [] };
    const options = fc.record({
      inputs: fc.integer({ min: 3, max: 300 }),
      rate: fc.integer({ min: 1, max: 49 }).map((percent) => percent / 100),
      meanLength: fc.integer({ min: 4, max: 40 }).map((quarters) => quarters / 4),
    });
    fc.assert(
      fc.property(options, ({ inputs, rate, meanLength }) => {
        const strategy = t5({ sentinels: { first: 999, count: 400 }, end: 1, rate, meanLength });
        const masker = createMasker({ vocab, seed: 1n, strategy });
        const lengthsAt = (tokens: number) => {
          const ids = Array.from({ length: tokens + 1 }, (_, at) => (at < tokens ? 5 + at : 1));
          const { inputIds, labels } = masker.mask(ids, { epoch: 0, sample: 0 });
          return { tokens, inputs: inputIds.length, targets: labels.length };
        };
        const found = t5Lengths({ inputs, rate, meanLength });
        expect(found).toEqual(lengthsAt(found.tokens));
        expect(found.inputs).toBeLessThanOrEqual(inputs);
        expect(lengthsAt(found.tokens + 1).inputs).toBeGreaterThan(inputs);
      }),
    );
  });

  test('refuse options that do not hold', () => {
    expect(() => t5Lengths({ inputs: 1 })).toThrow(
      /^inputs is 1, expected a number of tokens from 2/,
    );
    expect(() => t5Lengths({ inputs: 64, rate: 1 })).toThrow(/^rate is 1/);
    expect(() => t5Lengths({ inputs: 64, meanLength: 0.5 })).toThrow(/^meanLength is 0.5/);
    expect(() => t5Lengths({ inputs: 64, specials: -1 })).toThrow(/^specials is -1/);
  });
});
