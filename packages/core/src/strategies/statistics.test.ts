/**
 * @file What the strategies draw, against what they promise. Every test has a false-alarm rate of 1e-6
 * and a fixed seed.
 */
import { describe, expect, test } from 'vitest';
import { createMasker } from '../masker.ts';
import { createDraws, op } from '../random/draws.ts';
import { binomialTest, falseAlarm, goodnessOfFit, independence } from '../testing/statistics.ts';
import { albert, bert, electra, megatron, modernbert, roberta, spanbert } from './presets.ts';
import type { Strategy } from './strategy.ts';
import { tokenMasking } from './token-masking.ts';
import { unitMasking } from './unit-masking.ts';

// No continuation ids: every token is a word, and what is said of words can be counted in tokens.
const vocab = { size: 5000, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [] };
const allowed = 4995;
const idsOf = (length: number) =>
  Array.from({ length }, (_, index) => 5 + ((index * 17) % allowed));

/** The selected positions of a sample. */
function selections(strategy: Strategy, length: number, seed: bigint) {
  const masker = createMasker({ vocab, seed, strategy });
  const ids = idsOf(length);
  return (epoch: number, sample: number): boolean[] =>
    Array.from(masker.mask(ids, { epoch, sample }).labels, (label) => label !== -100);
}

describe.each([
  ['tokenMasking at 0.15', tokenMasking({ rate: 0.15 }), [0.8, 0.1, 0.1]],
  [
    'tokenMasking at 0.5, 50/40/10',
    tokenMasking({ rate: 0.5, mask: 0.5, random: 0.4, keep: 0.1 }),
    [0.5, 0.4, 0.1],
  ],
  ['bert', bert(), [0.8, 0.1, 0.1]],
  ['roberta', roberta(), [0.8, 0.1, 0.1]],
  ['albert', albert(), [0.8, 0.1, 0.1]],
  ['megatron', megatron(), [0.8, 0.1, 0.1]],
  ['modernbert', modernbert(), [0.8, 0.1, 0.1]],
] as const)('%s', (_name, strategy, [mask, random, keep]) => {
  test('masks, replaces and keeps the shares it promises, and its random tokens are uniform', () => {
    const masker = createMasker({ vocab, seed: 77n, strategy });
    const ids = idsOf(128);
    const counts = [0, 0, 0];
    const cells = new Float64Array(15);
    for (let sample = 0; sample < 4000; sample++) {
      const { inputIds, labels } = masker.mask(ids, { epoch: 0, sample });
      for (let position = 0; position < ids.length; position++) {
        if (labels[position] === -100) continue;
        const shown = inputIds[position]!;
        if (shown === vocab.maskId) counts[0]!++;
        else if (shown === ids[position]) counts[2]!++;
        else {
          counts[1]!++;
          cells[(shown - 5) % 15]!++;
        }
      }
    }
    // One random token in `allowed` is the original by chance, and looks kept.
    const lucky = random / allowed;
    expect(goodnessOfFit(counts, [mask, random - lucky, keep + lucky])).toBeGreaterThan(falseAlarm);
    expect(goodnessOfFit(cells, new Float64Array(15).fill(1 / 15))).toBeGreaterThan(falseAlarm);
  });
});

test('electra masks 85 % and keeps the rest', () => {
  const masker = createMasker({ vocab, seed: 5n, strategy: electra({ maxLength: 128 }) });
  const ids = idsOf(128);
  let masked = 0;
  for (let sample = 0; sample < 4000; sample++) {
    const { inputIds, labels } = masker.mask(ids, { epoch: 0, sample });
    expect(labels.filter((label) => label !== -100)).toHaveLength(19);
    masked += inputIds.filter((id) => id === vocab.maskId).length;
    inputIds.forEach((id, position) => {
      if (id !== vocab.maskId) expect(id).toBe(ids[position]);
    });
  }
  // 0.85 is stored as floor(0.85 * 65536) / 65536.
  expect(binomialTest(masked, 19 * 4000, 55705 / 65536)).toBeGreaterThan(falseAlarm);
});

describe.each([
  ['tokenMasking', tokenMasking({ rate: 0.15 }), 9830 / 65536],
  ['modernbert', modernbert(), 19660 / 65536],
  [
    'Bernoulli words',
    unitMasking({
      type: 'units',
      unit: 'word',
      lengths: [],
      selection: { type: 'bernoulli', select: 20000 },
      action: { mask: 65536, random: 65536, per: 'token' },
    }),
    20000 / 65536,
  ],
] as const)('%s selects', (_name, strategy, rate) => {
  const at = selections(strategy, 64, 31n);

  test('its rate, at every position alike', () => {
    const counts = new Float64Array(64);
    for (let sample = 0; sample < 5000; sample++) {
      at(0, sample).forEach((selected, position) => {
        if (selected) counts[position]!++;
      });
    }
    const total = counts.reduce((sum, count) => sum + count, 0);
    expect(binomialTest(total, 64 * 5000, rate)).toBeGreaterThan(falseAlarm);
    expect(goodnessOfFit(counts, new Float64Array(64).fill(1 / 64))).toBeGreaterThan(falseAlarm);
  });

  test.each([
    ['neighbours', (sample: number) => [at(0, sample).slice(0, -1), at(0, sample).slice(1)], 2],
    [
      'positions eight apart',
      (sample: number) => [at(0, sample).slice(0, -8), at(0, sample).slice(8)],
      16,
    ],
    ['epochs', (sample: number) => [at(0, sample), at(1, sample)], 1],
    ['samples', (sample: number) => [at(0, sample), at(0, sample + 1_000_000)], 1],
  ] as const)('independently between %s', (_between, pairs, stride) => {
    const cases = [0, 0, 0, 0];
    for (let sample = 0; sample < 3000; sample++) {
      const [first, second] = pairs(sample) as [boolean[], boolean[]];
      // Disjoint pairs, so that no position counts twice.
      for (let position = 0; position < first.length; position++) {
        if (stride === 2 && position % 2 === 1) continue;
        if (stride === 16 && position % 16 >= 8) continue;
        cases[(first[position] ? 0 : 2) + (second[position] ? 0 : 1)]!++;
      }
    }
    expect(independence(...(cases as [number, number, number, number]))).toBeGreaterThan(
      falseAlarm,
    );
  });
});

test('n-gram lengths are those of the table, where the budget leaves them whole', () => {
  // A budget of 3 of 3,000 words: the first n-gram takes what it draws, and the draws tell where it is.
  const strategy = albert({ rate: 0.001 });
  const at = selections(strategy, 3000, 9n);
  const draws = createDraws(9n);
  const counts = new Float64Array(3);
  for (let sample = 0; sample < 3000; sample++) {
    draws.at(0, sample);
    let anchor = 0;
    for (let position = 1; position < 3000; position++) {
      if (draws.word(op.select, position) < draws.word(op.select, anchor)) anchor = position;
    }
    if (anchor + 4 >= 3000) continue;
    const selected = at(0, sample);
    let length = 0;
    while (length < 3 && selected[anchor + length]) length++;
    counts[length - 1]!++;
  }
  expect(goodnessOfFit(counts, [6 / 11, 3 / 11, 2 / 11])).toBeGreaterThan(falseAlarm);
});

test('spans begin at every position alike', () => {
  const at = selections(spanbert({ rate: 0.005 }), 200, 3n);
  // One token of 200 a sample: a span cut to its first token, so the position is its anchor.
  const counts = new Float64Array(20);
  for (let sample = 0; sample < 8000; sample++) {
    counts[Math.floor(at(0, sample).indexOf(true) / 10)]!++;
  }
  expect(goodnessOfFit(counts, new Float64Array(20).fill(1 / 20))).toBeGreaterThan(falseAlarm);
});

test('a million (epoch, sample) pairs have a million different draws', () => {
  // 64 bits each: by chance two of 10^6 would be equal once in 37 million such tests. fairseq's hash of
  // (seed, epoch, index) leaves about 48,000 different seeds.
  const draws = createDraws(1n);
  const keys = new BigUint64Array(1_000_000);
  const words = new Uint32Array(keys.buffer);
  for (let pair = 0; pair < keys.length; pair++) {
    draws.at(pair % 1000, Math.floor(pair / 1000));
    words[2 * pair] = draws.word(op.select, 0);
    words[2 * pair + 1] = draws.word(op.select, 1);
  }
  keys.sort();
  let equal = 0;
  for (let index = 1; index < keys.length; index++) if (keys[index] === keys[index - 1]) equal++;
  expect(equal).toBe(0);
});
