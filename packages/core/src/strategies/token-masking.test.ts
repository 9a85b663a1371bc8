import { describe, expect, test } from 'vitest';
import { createMasker } from '../masker.ts';
import { binomialTest, falseAlarm } from '../testing/statistics.ts';
import { effectiveRate } from './effective-rate.ts';
import { strategyFromPlan } from './strategy-from-plan.ts';
import { tokenMasking } from './token-masking.ts';

describe('tokenMasking()', () => {
  test('stores the thresholds that the spec computes', () => {
    expect(tokenMasking({ rate: 0.15 }).plan).toEqual({
      type: 'token',
      select: 9830,
      random: 8847,
      mask: 7864,
    });
    expect(tokenMasking({ rate: 1, mask: 0.9, random: 0.1, keep: 0 }).plan).toEqual({
      type: 'token',
      select: 65536,
      random: 65536,
      mask: 58982,
    });
  });

  test('refuses shares outside 0..1 and splits that do not sum to 1', () => {
    expect(() => tokenMasking({ rate: 1.5 })).toThrow('rate is 1.5, expected a number from 0 to 1');
    expect(() => tokenMasking({ rate: -0.1 })).toThrow(/^rate is -0.1/);
    expect(() => tokenMasking({ rate: Number.NaN })).toThrow(/^rate is NaN/);
    expect(() => tokenMasking({ rate: 0.15, mask: 1 })).toThrow(/^mask \+ random \+ keep is 1\.2/);
  });

  test('comes back from its plan', () => {
    const { plan } = tokenMasking({ rate: 0.3, mask: 0.5, random: 0.4, keep: 0.1 });
    expect(strategyFromPlan(plan).plan).toEqual(plan);
    expect(() => strategyFromPlan({ ...plan, select: 65537 })).toThrow(/^strategy.select is 65537/);
    expect(() => strategyFromPlan({ ...plan, mask: 60000 })).toThrow(/mask <= random <= select/);
  });
});

test('a million tokens show the effective rate and the 80/10/10 split', () => {
  const vocab = {
    size: 5000,
    maskId: 4,
    padId: 0,
    specialIds: [0, 1, 2, 3, 4],
    continuationIds: [],
  };
  const strategy = tokenMasking({ rate: 0.15 });
  const masker = createMasker({ vocab, seed: 20, strategy });
  const ids = Uint16Array.from({ length: 1000 }, (_, index) => 5 + ((index * 17) % 4995));
  const counts = { selected: 0, mask: 0, random: 0, keep: 0 };
  for (let sample = 0; sample < 1000; sample++) {
    const { inputIds, labels } = masker.mask(ids, { epoch: 0, sample });
    for (let position = 0; position < ids.length; position++) {
      if (labels[position] === -100) continue;
      counts.selected++;
      if (inputIds[position] === vocab.maskId) counts.mask++;
      else if (inputIds[position] === ids[position]) counts.keep++;
      else counts.random++;
    }
  }
  const expectBinomial = (successes: number, trials: number, probability: number) =>
    expect(binomialTest(successes, trials, probability)).toBeGreaterThan(falseAlarm);
  const rate = effectiveRate(tokenMasking({ rate: 0.15 }).plan);
  expect(rate).toBe(9830 / 65536);
  // A random token may by chance be the original: one in A of them looks kept.
  const lucky = (983 / 9830) * (1 / 4995);
  expectBinomial(counts.selected, 1_000_000, rate);
  expectBinomial(counts.mask, counts.selected, 7864 / 9830);
  expectBinomial(counts.random, counts.selected, 983 / 9830 - lucky);
  expectBinomial(counts.keep, counts.selected, 983 / 9830 + lucky);
});
