/** @file What is refused, for every preset: a typed error that tells the field, what was found and what was expected. */
import { describe, expect, test } from 'vitest';
import { ArgumentError, TokenIdError } from './errors.ts';
import { createMasker } from './masker.ts';
import {
  albert,
  bert,
  bertWholeWord,
  electra,
  megatron,
  modernbert,
  roberta,
  spanbert,
} from './strategies/presets.ts';
import { strategyFromPlan } from './strategies/strategy-from-plan.ts';
import { tokenMasking } from './strategies/token-masking.ts';
import { corruptions, isSpecial, longSample, strategies, vocab } from './testing/strategies.ts';

/** What an action throws, which must be an ArgumentError of the right fields and message. */
function expectRefusal(act: () => unknown, argument: string, actual: unknown, expected: RegExp) {
  let error: unknown;
  try {
    act();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ArgumentError);
  expect(error).toBeInstanceOf(RangeError);
  const found = error as ArgumentError;
  expect(found).toMatchObject({ name: 'ArgumentError', code: 'ARGUMENT', argument, actual });
  expect(found.expected).toMatch(expected);
  expect(found.message.startsWith(`${argument} is `)).toBe(true);
  expect(found.message).toContain(`, expected ${found.expected}`);
}

const presets = {
  tokenMasking: (options: object) => tokenMasking({ rate: 0.15, ...options }),
  bert,
  bertWholeWord,
  roberta,
  spanbert,
  albert,
  megatron,
  electra: (options: object) => electra({ maxLength: 128, ...options }),
  modernbert,
};
const seeds = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -1n, 2n ** 64n];
const [[, anyStrategy]] = strategies as [(typeof strategies)[number]];

describe.each(Object.entries(presets))('%s() refuses', (_name, preset) => {
  test.each([-0.1, 1.000001, Number.NaN, Number.POSITIVE_INFINITY, null, '0.15'])(
    'rate %s',
    (rate) => {
      const act = () => preset({ rate: rate as number });
      expectRefusal(act, 'rate', rate, /^a number from 0 to 1$/);
    },
  );

  test.each(['mask', 'random', 'keep'])('a share %s outside 0..1', (name) => {
    for (const share of [-0.1, 1.1, Number.NaN, null]) {
      const shares = { mask: 0.5, random: 0.3, keep: 0.2, [name]: share };
      expectRefusal(() => preset(shares), name, share, /^a number from 0 to 1$/);
    }
  });

  test('shares that do not sum to 1', () => {
    for (const shares of [
      { mask: 0.5, random: 0.3, keep: 0.3 },
      { mask: 0, random: 0, keep: 0 },
      { mask: 0.8, random: 0.1, keep: 0.1 + 1e-8 },
    ]) {
      const sum = shares.mask + shares.random + shares.keep;
      expectRefusal(() => preset(shares), 'mask + random + keep', sum, /^a sum of 1$/);
    }
    expect(preset({ mask: 0.8, random: 0.1, keep: 0.1 + 1e-10 })).toBeDefined();
  });
});

describe.each(Object.entries({ bert, bertWholeWord, albert, megatron }))(
  '%s() refuses',
  (_name, preset) => {
    test.each([-1, 0.5, Number.NaN, 2 ** 31])('a budget of %s tokens at most', (maxPredictions) => {
      const act = () => preset({ maxPredictions });
      expectRefusal(act, 'maxPredictions', maxPredictions, /^an integer from 0$/);
    });
  },
);

test('plans with budgets and thresholds that do not hold are refused', () => {
  const { plan } = bert();
  const select = (change: object) =>
    strategyFromPlan({ ...plan, selection: { ...plan.selection, ...change } as never });
  const at = 'strategy.selection';
  expectRefusal(() => select({ most: -1 }), `${at}.most`, -1, /^an integer from 0$/);
  expectRefusal(() => select({ least: -1 }), `${at}.least`, -1, /^0 or 1$/);
  expectRefusal(() => select({ rate: -1 }), `${at}.rate`, -1, /^an integer from 0 to 1000000$/);
  expectRefusal(() => select({ rate: 0.15 }), `${at}.rate`, 0.15, /^an integer from 0/);
  const act = (change: object) =>
    strategyFromPlan({ ...plan, action: { ...plan.action, ...change } });
  expectRefusal(() => act({ mask: 65537 }), 'strategy.action.mask', 65537, /^an integer from 0 to/);
  expectRefusal(() => act({ mask: 65536 }), 'strategy.action', '65536, 58982', /^mask <= random$/);
  const token = tokenMasking({ rate: 0.15 }).plan;
  const thresholds = (change: object) => strategyFromPlan({ ...token, ...change });
  expectRefusal(() => thresholds({ select: -1 }), 'strategy.select', -1, /^an integer from 0 to/);
});

test('electra() refuses a longest sample of no tokens', () => {
  for (const maxLength of [0, -1, 1.5]) {
    expectRefusal(() => electra({ maxLength }), 'maxLength', maxLength, /^a number of tokens/);
  }
});

describe.each([...strategies, ...corruptions])('%s refuses', (_name, strategy) => {
  const { ids, ...columns } = longSample(60);
  const masker = createMasker({ vocab, seed: 0, strategy });
  const mask = (given: ArrayLike<number>, more: object = {}) =>
    masker.mask(given, { epoch: 0, sample: 0, ...columns, ...more });

  test('ids that the vocabulary does not have, wherever they stand', () => {
    for (const position of [0, 17, 59]) {
      for (const id of [vocab.size, -1, 2 ** 31 - 1]) {
        for (const given of [ids.with(position, id), Int32Array.from(ids.with(position, id))]) {
          let error: unknown;
          try {
            mask(given);
          } catch (thrown) {
            error = thrown;
          }
          expect(error).toBeInstanceOf(TokenIdError);
          const { code, size, message } = error as TokenIdError;
          expect({ code, size }).toEqual({ code: 'TOKEN_ID', size: vocab.size });
          expect(message).toContain(
            `is not in the vocabulary of ${vocab.size} ids (0 to ${vocab.size - 1})`,
          );
        }
      }
    }
  });

  test.each(seeds)('seed %s', (seed) => {
    const act = () => createMasker({ vocab, seed, strategy });
    expectRefusal(act, 'seed', seed, /^an integer from 0 to 2\^64-1$/);
  });

  test('samples and epochs that are none', () => {
    for (const sample of seeds) {
      expectRefusal(
        () => mask(ids, { sample }),
        'sample',
        sample,
        /^an integer from 0 to 2\^64-1$/,
      );
    }
    for (const epoch of [-1, 0.5, Number.NaN, 2 ** 32]) {
      expectRefusal(() => mask(ids, { epoch }), 'epoch', epoch, /^an integer from 0 to 2\^32-1$/);
    }
  });

  test('rates of a call outside 0..1, and parts of a million', () => {
    for (const rate of [-0.1, 1.1, Number.NaN]) {
      expectRefusal(() => mask(ids, { rate }), 'rate', rate, /^a number from 0 to 1$/);
      expect(() => strategy.atRate(rate)).toThrow(ArgumentError);
    }
  });
});

describe.each(strategies.filter(([name]) => name.includes('of a column')))(
  '%s refuses',
  (_name, strategy) => {
    test('a column of units that is missing, of another length, or not of 0 and 1', () => {
      const { ids, ...columns } = longSample(60);
      const masker = createMasker({ vocab, seed: 0, strategy });
      for (let sample = 0; sample < 4; sample++) {
        const mask = (units: ArrayLike<number> | undefined) => () =>
          masker.mask(ids, { epoch: 0, sample, ...columns, units });
        expectRefusal(mask(undefined), 'units', undefined, /^a column of 60 values$/);
        for (const length of [0, 59, 61]) {
          const units = new Uint8Array(length).fill(1);
          expectRefusal(mask(units), 'units.length', length, /^60, as many as tokens$/);
        }
        for (const value of [2, -1, 0.5, Number.NaN]) {
          const units = columns.units.with(23, value);
          expectRefusal(mask(units), `units[23]`, value, /^0 or 1$/);
        }
      }
    });
  },
);

test('vocab traits without a mask id, or without what they need, are refused', () => {
  const make = (change: object) => () =>
    createMasker({ vocab: { ...vocab, ...change }, seed: 0, strategy: anyStrategy });
  const special = /^one of vocab.specialIds$/;
  expectRefusal(make({ maskId: undefined }), 'vocab.maskId', undefined, special);
  expectRefusal(make({ maskId: null }), 'vocab.maskId', null, special);
  expectRefusal(make({ maskId: 9 }), 'vocab.maskId', 9, special);
  expectRefusal(make({ padId: vocab.size }), 'vocab.padId', vocab.size, special);
  const specialIds = vocab.specialIds.filter((id) => id !== vocab.maskId);
  expect(isSpecial(vocab.maskId)).toBe(true);
  expectRefusal(make({ specialIds }), 'vocab.maskId', vocab.maskId, special);
  expectRefusal(
    make({ specialIds: undefined }),
    'vocab.specialIds',
    undefined,
    /^an array of ids$/,
  );
  expectRefusal(make({ continuationIds: [9, 8] }), 'vocab.continuationIds', 8, /below .* 1300$/);
  expectRefusal(
    make({ continuationIds: [vocab.size] }),
    'vocab.continuationIds',
    vocab.size,
    /below .* 1300$/,
  );
  expectRefusal(make({ size: 0 }), 'vocab.size', 0, /^an integer from 1 to 2\^31$/);
});
