import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMasker } from '../masker.ts';
import { createDraws, op } from '../random/draws.ts';
import {
  albert,
  bert,
  bertWholeWord,
  electra,
  megatron,
  modernbert,
  roberta,
  spanbert,
} from './presets.ts';
import { budgetOf } from './selection.ts';
import type { Strategy } from './strategy.ts';
import { strategyFromPlan } from './strategy-from-plan.ts';

const continuationIds = Array.from({ length: 400 }, (_, index) => 600 + index);
const vocab = { size: 1000, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds };
const isSpecial = (id: number) => id <= 4;
const continues = (id: number) => id >= 600;

const presets: [string, Strategy][] = [
  ['bert', bert()],
  ['bert uncapped', bert({ rate: 0.5, maxPredictions: 1e6 })],
  ['bertWholeWord', bertWholeWord()],
  ['roberta', roberta()],
  ['spanbert', spanbert()],
  ['spanbert at 60 %', spanbert({ rate: 0.6 })],
  ['albert', albert({ maxPredictions: 1000 })],
  ['megatron', megatron()],
  ['megatron geometric', megatron({ lengths: 'geometric', maxPredictions: 1000 })],
  ['electra', electra({ maxLength: 128 })],
  ['modernbert', modernbert()],
];

const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const sampleIds = fc.array(fc.integer({ min: 0, max: vocab.size - 1 }), { maxLength: 200 });
const everywhere = fc.tuple(uint64, uint32, uint64, sampleIds);

const selectedOf = (labels: Int32Array) =>
  [...labels.keys()].filter((position) => labels[position] !== -100);

describe.each(presets)('%s', (_name, strategy) => {
  test('never touches nor draws special tokens, and its labels restore the original', () => {
    fc.assert(
      fc.property(everywhere, ([seed, epoch, sample, ids]) => {
        const masker = createMasker({ vocab, seed, strategy });
        const { inputIds, labels } = masker.mask(ids, { epoch, sample });
        ids.forEach((id, position) => {
          const label = labels[position]!;
          const input = inputIds[position]!;
          if (isSpecial(id)) expect([input, label]).toEqual([id, -100]);
          expect(label === -100 ? input : label).toBe(id);
          if (input !== id && input !== vocab.maskId) expect(isSpecial(input)).toBe(false);
        });
      }),
    );
  });

  test('is the same whatever was masked before, and comes back from its plan', () => {
    fc.assert(
      fc.property(everywhere, sampleIds, ([seed, epoch, sample, ids], other) => {
        const plan = JSON.parse(JSON.stringify(strategy.plan));
        const fresh = createMasker({ vocab, seed, strategy: strategyFromPlan(plan) });
        const used = createMasker({ vocab, seed, strategy });
        used.mask(other, { epoch: 9, sample: 1 });
        expect(used.mask(ids, { epoch, sample })).toEqual(fresh.mask(ids, { epoch, sample }));
      }),
    );
  });

  test('keeps its budget, never splits words, and takes empty and all-special samples', () => {
    const { plan } = strategy;
    if (plan.type !== 'units' || plan.selection.type !== 'budget') {
      expect(plan.type).toBe('token');
      return;
    }
    const { selection, unit } = plan;
    fc.assert(
      fc.property(everywhere, ([seed, epoch, sample, ids]) => {
        const masker = createMasker({ vocab, seed, strategy });
        const { labels } = masker.mask(ids, { epoch, sample });
        const budget = budgetOf(selection, ids.length, createDraws(seed).at(epoch, sample));
        const candidates = ids.filter((id) => !isSpecial(id)).length;
        const selected = selectedOf(labels);
        expect(selected.length).toBeLessThanOrEqual(budget);
        if (unit === 'token') {
          expect(selected.length).toBe(Math.min(budget, candidates));
          return;
        }
        for (let position = 1; position < ids.length; position++) {
          const sameWord = continues(ids[position]!) && !isSpecial(ids[position - 1]!);
          if (sameWord) {
            expect(labels[position] === -100).toBe(labels[position - 1] === -100);
          }
        }
      }),
      { numRuns: 200 },
    );
    for (const ids of [[], [2], [2, 3, 0, 0, 4]]) {
      const masker = createMasker({ vocab, seed: 1, strategy });
      expect(selectedOf(masker.mask(ids, { epoch: 0, sample: 0 }).labels)).toEqual([]);
    }
  });
});

describe('the presets', () => {
  test('electra caps at 19 tokens of 128 and 79 of 512', () => {
    const cap = (maxLength: number) => {
      const { plan } = electra({ maxLength });
      return plan.type === 'units' && plan.selection.type === 'budget' && plan.selection.most;
    };
    expect([cap(128), cap(512)]).toEqual([19, 79]);
  });

  test('spanbert draws one action for a span as a whole', () => {
    const masker = createMasker({
      vocab,
      seed: 3,
      strategy: spanbert({ mask: 0.5, random: 0.4, keep: 0.1 }),
    });
    const ids = Array.from({ length: 120 }, (_, index) => 5 + index);
    let both = 0;
    let pairs = 0;
    for (let sample = 0; sample < 500; sample++) {
      const { inputIds, labels } = masker.mask(ids, { epoch: 0, sample });
      const selected = selectedOf(labels);
      for (const position of selected) {
        if (labels[position + 1] === -100 || position + 1 === ids.length) continue;
        pairs++;
        if ((inputIds[position] === vocab.maskId) === (inputIds[position + 1] === vocab.maskId))
          both++;
      }
    }
    // Alone, neighbours would agree half of the time; within a span they always do.
    expect(both / pairs).toBeGreaterThan(0.8);
    expect(pairs).toBeGreaterThan(5000);
  });

  test('span lengths are those of the table', () => {
    // 2,000 words of one token and a budget of 10: the span at the first anchor, which the draws tell, is
    // never cut, and another touches it in less than 1 % of samples. Chi-square with 9 degrees of
    // freedom exceeds 45 with probability below 1e-6.
    const shares = [
      0.224058, 0.179246, 0.143397, 0.114718, 0.091774, 0.073419, 0.058735, 0.046988, 0.037591,
      0.030073,
    ];
    const masker = createMasker({ vocab, seed: 12, strategy: spanbert({ rate: 0.005 }) });
    const ids = Array.from({ length: 2000 }, (_, index) => 5 + (index % 500));
    const counts = new Float64Array(10);
    const draws = createDraws(12);
    for (let sample = 0; sample < 2000; sample++) {
      const { labels } = masker.mask(ids, { epoch: 0, sample });
      draws.at(0, sample);
      let anchor = 0;
      for (let position = 1; position < ids.length; position++) {
        if (draws.word(op.spanStart, position) < draws.word(op.spanStart, anchor))
          anchor = position;
      }
      if (anchor + 10 >= ids.length) continue;
      expect(labels[anchor]).not.toBe(-100);
      counts[labels.subarray(anchor).indexOf(-100) - 1]!++;
    }
    const total = counts.reduce((sum, count) => sum + count, 0);
    const statistic = counts.reduce((sum, count, index) => {
      const expected = total * shares[index]!;
      return sum + (count - expected) ** 2 / expected;
    }, 0);
    expect(statistic).toBeLessThan(45);
  });

  test('every token is as likely as any other to be selected by a budget', () => {
    // 40 tokens, 6 selected, 5,000 samples: the count of a position is binomial(5000, 0.15); chi-square
    // over positions with 39 degrees of freedom exceeds 95 with probability below 2e-6.
    const masker = createMasker({ vocab, seed: 8, strategy: bert() });
    const ids = Array.from({ length: 40 }, (_, index) => 5 + index);
    const counts = new Float64Array(40);
    for (let sample = 0; sample < 5000; sample++) {
      for (const position of selectedOf(masker.mask(ids, { epoch: 0, sample }).labels))
        counts[position]!++;
    }
    const variance = 5000 * 0.15 * 0.85;
    const statistic =
      counts.reduce((sum, count) => sum + (count - 750) ** 2 / variance, 0) * (39 / 40);
    expect(statistic).toBeLessThan(95);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(30_000);
  });

  test('refuse options that do not hold', () => {
    expect(() => bert({ rate: 2 })).toThrow(/^rate is 2/);
    expect(() => bert({ maxPredictions: -1 })).toThrow(/^maxPredictions is -1/);
    expect(() => electra({ maxLength: 0 })).toThrow(/^maxLength is 0/);
    expect(() => megatron({ lengths: 'other' as 'inverse' })).toThrow(/^lengths is "other"/);
    expect(() => strategyFromPlan({ ...bert().plan, unit: 'phrase' } as never)).toThrow(
      /^strategy.unit is "phrase"/,
    );
  });
});
