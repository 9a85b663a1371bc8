/**
 * @file What the strategies draw, against what they promise. Every test has a false-alarm rate of 1e-6
 * and a fixed seed, so that it fails always or never.
 *
 * A test has the size that it names under MASKLOOM_FULL=1, and else a quarter of it. A deviation is seen, nine times in
 * ten, from about 6.2 standard errors on. In full these are: a rate of 0.15 off by 0.004; the share of masked tokens off
 * by 0.009, and of random ones by 0.007 (per span 0.018 and 0.013); SpanBERT's mean length off by 0.33, ALBERT's by 0.1;
 * and between pairs that should be independent, a correlation of 0.08. A quarter of the size sees twice that.
 */
import { describe, expect, test } from 'vitest';
import { createMasker, type MaskedSample } from '../masker.ts';
import { createDraws } from '../random/draws.ts';
import * as op from '../random/ops.ts';
import { full } from '../testing/full.ts';
import {
  binomialTest,
  chiSquareTail,
  falseAlarm,
  goodnessOfFit,
  independence,
  meanTest,
} from '../testing/statistics.ts';
import { presets } from '../testing/strategies.ts';
import type { ActionPlan } from './action.ts';
import { albert, bert, bertWholeWord, electra, megatron, modernbert, spanbert } from './presets.ts';
import { budgetOf } from './selection.ts';
import type { Strategy } from './strategy.ts';
import { tokenMasking } from './token-masking.ts';
import { unitMasking } from './unit-masking.ts';

/** Of so many samples, those that this run has time for. */
const sized = (samples: number) => (full ? samples : samples / 4);

// No continuation ids, and a column of ones: every token is a unit, and what is said of units can be counted
// in tokens.
const vocab = { size: 5000, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [] };
const allowed = 4995;
const idsOf = (length: number) =>
  Uint16Array.from({ length }, (_, index) => 5 + ((index * 17) % allowed));

/** Masks samples of one length. */
function maskerOf(strategy: Strategy, length: number, seed: bigint) {
  const masker = createMasker({ vocab, seed, strategy });
  const ids = idsOf(length);
  const columns = { segment: length >> 1, units: new Uint8Array(length).fill(1) };
  return (epoch: number, sample: number): MaskedSample =>
    masker.mask(ids, { epoch, sample, ...columns });
}

/** The selected positions of a sample. */
function selections(strategy: Strategy, length: number, seed: bigint) {
  const mask = maskerOf(strategy, length, seed);
  return (epoch: number, sample: number): boolean[] =>
    Array.from(mask(epoch, sample).labels, (label) => label !== -100);
}

/** What a plan promises: how tokens are selected, and what becomes of them. */
function promiseOf({ plan }: Strategy) {
  const masking = plan.type === 'sentence-order' ? plan.masking : plan;
  if (masking.type === 'units') return masking;
  if (masking.type !== 'token') throw new Error(`${masking.type} does not mask in place`);
  const { select, mask, random } = masking;
  const action: ActionPlan = {
    mask: (mask / select) * 65536,
    random: (random / select) * 65536,
    per: 'token',
  };
  return { selection: { type: 'bernoulli', select } as const, action };
}

const bernoulliWords = unitMasking({
  type: 'units',
  unit: 'word',
  lengths: [],
  selection: { type: 'bernoulli', select: 20000 },
  action: { mask: 65536, random: 65536, per: 'token' },
});
const shares = { mask: 0.5, random: 0.4, keep: 0.1 };

describe.each<[string, Strategy]>([
  ...presets,
  ['tokenMasking at 0.5, 50/40/10', tokenMasking({ rate: 0.5, ...shares })],
  ['bertWholeWord at 0.5, 50/40/10', bertWholeWord({ rate: 0.5, ...shares })],
  ['spanbert, 50/40/10', spanbert(shares)],
])('%s', (_name, strategy) => {
  const { selection, action } = promiseOf(strategy);

  test('selects as many as it promises', () => {
    const at = selections(strategy, 125, 31n);
    const draws = createDraws(31n);
    let [total, up] = [0, 0];
    const samples = sized(3000);
    for (let sample = 0; sample < samples; sample++) {
      const selected = at(0, sample).filter((hidden) => hidden).length;
      total += selected;
      if (selection.type === 'bernoulli') continue;
      expect(selected).toBe(budgetOf(selection, 125, draws.at(0, sample)));
      up += selected - Math.floor((selection.rate * 125) / 1_000_000);
    }
    if (selection.type === 'bernoulli') {
      const found = binomialTest(total, 125 * samples, selection.select / 65536);
      expect(found).toBeGreaterThan(falseAlarm);
    } else if (selection.rounding === 'chance') {
      // 125 tokens at 0.15: 18.75.
      expect(binomialTest(up, samples, 0.75)).toBeGreaterThan(falseAlarm);
    }
  });

  test('masks, replaces and keeps the shares it promises, and its random tokens are uniform', () => {
    const mask = maskerOf(strategy, 128, 77n);
    const ids = idsOf(128);
    const counts = [0, 0, 0];
    const cells = new Float64Array(15);
    const perSpan = action.per === 'span';
    for (let sample = 0; sample < sized(perSpan ? 20_000 : 4000); sample++) {
      const { inputIds, labels } = mask(0, sample);
      for (let position = 0; position < ids.length; position++) {
        if (labels[position] === -100) continue;
        const shown = inputIds[position]!;
        if (shown === vocab.maskId) counts[0]!++;
        else if (shown === labels[position]) counts[2]!++;
        else {
          counts[1]!++;
          cells[(shown - 5) % 15]!++;
        }
        // Tokens of a span share a draw: one of them counts.
        if (perSpan) break;
      }
    }
    const [masked, random] = [action.mask / 65536, action.random / 65536];
    // One random token in `allowed` is the original by chance, and looks kept.
    const lucky = (random - masked) / allowed;
    const expected = [masked, random - masked - lucky, 1 - random + lucky];
    if (random === masked) {
      // ELECTRA draws no random tokens.
      expect(counts[1]).toBe(0);
      const [mask, keep] = [counts[0]!, counts[2]!];
      expect(binomialTest(mask, mask + keep, masked)).toBeGreaterThan(falseAlarm);
      return;
    }
    expect(goodnessOfFit(counts, expected)).toBeGreaterThan(falseAlarm);
    expect(goodnessOfFit(cells, new Float64Array(15).fill(1 / 15))).toBeGreaterThan(falseAlarm);
  });

  test('selects at every position alike; spans begin there alike', () => {
    // A budget of one token of 200: a span is cut to its first, so that the position is its anchor.
    const at = selections(strategy.atRate(5000), 200, 3n);
    const counts = new Float64Array(40);
    const samples = sized(8000);
    for (let sample = 0; sample < samples; sample++) {
      at(0, sample).forEach((hidden, position) => {
        if (hidden) counts[Math.floor(position / 5)]!++;
      });
    }
    if (selection.type === 'budget') {
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(samples);
    }
    expect(goodnessOfFit(counts, new Float64Array(40).fill(1 / 40))).toBeGreaterThan(falseAlarm);
  });

  const pairs: [
    string,
    (
      at: (seed: bigint, epoch: number, sample: number) => boolean[],
      sample: number,
    ) => [boolean[], boolean[]],
  ][] = [
    ['epochs', (at, sample) => [at(5n, 0, sample), at(5n, 1, sample)]],
    ['samples', (at, sample) => [at(5n, 0, 2 * sample), at(5n, 0, 2 * sample + 1)]],
    ['seeds', (at, sample) => [at(5n, 0, sample), at(6n, 0, sample)]],
    ['seed and sample, added up', (at, sample) => [at(5n, 0, sample + 1), at(6n, 0, sample)]],
    ['seed and epoch, added up', (at, sample) => [at(5n, 1, sample), at(6n, 0, sample)]],
  ];
  test.each(pairs)('selects independently between neighbouring %s', (_between, pairOf) => {
    const bySeed = [5n, 6n].map((seed) => selections(strategy, 20, seed));
    const at = (seed: bigint, epoch: number, sample: number) =>
      bySeed[Number(seed) - 5]!(epoch, sample);
    const cases: [number, number, number, number] = [0, 0, 0, 0];
    for (let sample = 0; sample < sized(6000); sample++) {
      const [first, second] = pairOf(at, sample);
      // One position of each sample: with a budget, those of one sample are not independent.
      const position = sample % 20;
      cases[(first[position] ? 0 : 2) + (second[position] ? 0 : 1)]!++;
    }
    expect(independence(...cases)).toBeGreaterThan(falseAlarm);
  });
});

describe.each([
  ['tokenMasking', tokenMasking({ rate: 0.15 })],
  ['modernbert', modernbert()],
  ['Bernoulli words', bernoulliWords],
] as const)('%s', (_name, strategy) => {
  // A budget or a span binds the tokens of a sample together; here each is for itself.
  test.each([
    ['neighbours', 1],
    ['positions eight apart, of one block of draws and the next', 8],
  ])('selects independently between %s', (_between, distance) => {
    const at = selections(strategy, 64, 31n);
    const cases: [number, number, number, number] = [0, 0, 0, 0];
    for (let sample = 0; sample < sized(3000); sample++) {
      const selected = at(0, sample);
      for (let position = 0; position < selected.length - distance; position++) {
        // Disjoint pairs, so that no position counts twice.
        if (position % (2 * distance) >= distance) continue;
        const other = selected[position + distance];
        cases[(selected[position] ? 0 : 2) + (other ? 0 : 1)]!++;
      }
    }
    expect(independence(...cases)).toBeGreaterThan(falseAlarm);
  });
});

test.each([
  ['bert', bert()],
  ['electra', electra({ maxLength: 40 })],
] as const)('%s selects every token of a budget as often as any other', (_name, strategy) => {
  // 6 of 40 tokens without replacement: the counts' covariances make Pearson's statistic (n - 1) / n of
  // one over 1 - 6/40.
  const at = selections(strategy, 40, 8n);
  const counts = new Float64Array(40);
  const samples = sized(5000);
  for (let sample = 0; sample < samples; sample++) {
    at(0, sample).forEach((hidden, position) => {
      if (hidden) counts[position]!++;
    });
  }
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(6 * samples);
  const mean = (samples * 6) / 40;
  const variance = mean * 0.85;
  const statistic = counts.reduce((sum, count) => sum + (count - mean) ** 2 / variance, 0);
  expect(chiSquareTail((statistic * 39) / 40, 39)).toBeGreaterThan(falseAlarm);
});

// The distributions by themselves, not from our tables: P(n) = 0.2 * 0.8^(n - 1) over 1 - 0.8^10, or with all
// that is longer at 10; and P(n) proportional to 1/n.
const geometric = Array.from({ length: 10 }, (_, index) => 0.2 * 0.8 ** index);
const truncated = geometric.map((share) => share / (1 - 0.8 ** 10));
const clipped = [...geometric.slice(0, -1), 0.8 ** 9];
const inverse = [6 / 11, 3 / 11, 2 / 11];

test.each([
  ['spanbert', spanbert({ rate: 0.005 }), op.spanStart, truncated, 3.797097503983286],
  ['albert', albert({ rate: 0.0015 }), op.select, inverse, 18 / 11],
  ['megatron', megatron({ rate: 0.0015 }), op.select, inverse, 18 / 11],
  [
    'megatron geometric',
    megatron({ rate: 0.005, lengths: 'geometric' }),
    op.select,
    clipped,
    4.463129088,
  ],
] as const)(
  '%s has spans of the lengths it promises',
  (_name, strategy, anchors, lengths, mean) => {
    // 2,000 words and a budget of the longest span: the span at the lowest draw is never cut, and another
    // touches it in less than 1 % of samples, too few for these tests to see.
    const at = selections(strategy, 2000, 12n);
    const draws = createDraws(12n);
    const counts = new Float64Array(lengths.length);
    for (let sample = 0; sample < sized(2500); sample++) {
      draws.at(0, sample);
      let anchor = 0;
      for (let position = 1; position < 2000; position++) {
        if (draws.word(anchors, position) < draws.word(anchors, anchor)) anchor = position;
      }
      if (anchor + lengths.length >= 2000) continue;
      const selected = at(0, sample);
      expect(selected[anchor]).toBe(true);
      let length = 1;
      while (length < lengths.length && selected[anchor + length]) length++;
      counts[length - 1]!++;
    }
    expect(goodnessOfFit(counts, lengths)).toBeGreaterThan(falseAlarm);
    expect(lengths.reduce((sum, share, index) => sum + share * (index + 1), 0)).toBeCloseTo(
      mean,
      9,
    );
    expect(meanTest(counts, lengths)).toBeGreaterThan(falseAlarm);
  },
);
