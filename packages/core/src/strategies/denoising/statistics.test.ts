/**
 * @file What span corruption draws, against what it promises: at a false-alarm rate of 1e-6, seeds fixed.
 *
 * Of what is `sized`, a run has a quarter, but all of it under MASKLOOM_FULL=1; a deviation must then be half as large to
 * be seen (../statistics.test.ts). In full: of the 21 ways to lay spans out, one that comes 18 % too often.
 */
import { describe, expect, test } from 'vitest';
import { createMasker } from '../../masker.ts';
import { full } from '../../testing/full.ts';
import { falseAlarm, goodnessOfFit, independence } from '../../testing/statistics.ts';
import type { Strategy } from '../strategy.ts';
import { t5, ul2 } from './presets.ts';
import { spanCorruption } from './span-corruption.ts';

/** Of so many samples, those that this run has time for. */
const sized = (samples: number) => (full ? samples : samples / 4);

const sentinels = { first: 999, count: 100 };
const specialIds = [
  ...Array.from({ length: 8 }, (_, id) => id),
  ...Array.from({ length: 100 }, (_, index) => 900 + index),
];
const vocab = { size: 1000, maskId: 4, padId: 0, specialIds, continuationIds: [] };

/** For samples of `length` tokens: the mode, if any, and for each token whether it is hidden. */
function hidden(strategy: Strategy, length: number, seed: bigint) {
  const masker = createMasker({ vocab, seed, strategy });
  const ids = Array.from({ length }, (_, index) => 8 + index);
  return (epoch: number, sample: number) => {
    const { inputIds, labels } = masker.mask(ids, { epoch, sample });
    const mask = new Uint8Array(length);
    for (const id of labels) if (id < 900) mask[id - 8] = 1;
    return { mode: inputIds[0]! < 8 ? inputIds[0]! : undefined, mask };
  };
}

const runsOf = (mask: Uint8Array) =>
  mask
    .join('')
    .split(/(?<=0)(?=1)|(?<=1)(?=0)/)
    .map((run) => run.length);

function choose(n: number, k: number): number {
  let product = 1;
  for (let index = 0; index < k; index++) product *= (n - index) / (k - index);
  return product;
}

test('every way to lay out the spans is as likely as any other', () => {
  // 12 tokens, 4 of them hidden in 2 spans: 3 ways to cut the hidden ones, 7 to cut the others.
  const at = hidden(t5({ sentinels, rate: 0.35, meanLength: 2 }), 12, 4n);
  const counts = new Map<string, number>();
  for (let sample = 0; sample < sized(42_000); sample++) {
    const key = at(0, sample).mask.join('');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  expect(counts.size).toBe(21);
  expect(goodnessOfFit([...counts.values()], new Float64Array(21).fill(1 / 21))).toBeGreaterThan(
    falseAlarm,
  );
});

test('in long samples, too: the first and the last segments have the lengths of uniform cuts', () => {
  // 512 tokens, 77 hidden in 26 spans. The first (or last) of k segments of n tokens is of length a in
  // C(n - a - 1, k - 2) of C(n - 1, k - 1) ways.
  const at = hidden(t5({ sentinels }), 512, 6n);
  const cells = { shown: new Float64Array(41), hidden: new Float64Array(9) };
  const last = { shown: new Float64Array(41), hidden: new Float64Array(9) };
  for (let sample = 0; sample < sized(20_000); sample++) {
    const runs = runsOf(at(0, sample).mask);
    expect(runs).toHaveLength(52);
    cells.shown[Math.min(runs[0]!, 41) - 1]!++;
    cells.hidden[Math.min(runs[1]!, 9) - 1]!++;
    last.shown[Math.min(runs[50]!, 41) - 1]!++;
    last.hidden[Math.min(runs[51]!, 9) - 1]!++;
  }
  const shares = (tokens: number, length: number) => {
    const exact = Array.from(
      { length: length - 1 },
      (_, index) => choose(tokens - index - 2, 24) / choose(tokens - 1, 25),
    );
    return [...exact, 1 - exact.reduce((sum, share) => sum + share, 0)];
  };
  for (const { shown, hidden } of [cells, last]) {
    expect(goodnessOfFit(shown, shares(435, 41))).toBeGreaterThan(falseAlarm);
    expect(goodnessOfFit(hidden, shares(77, 9))).toBeGreaterThan(falseAlarm);
  }
});

test.each([
  ['epochs', (at: ReturnType<typeof hidden>, sample: number) => [at(0, sample), at(1, sample)]],
  [
    'samples',
    (at: ReturnType<typeof hidden>, sample: number) => [at(0, sample), at(0, sample + 1e6)],
  ],
] as const)('a token is hidden independently between %s', (_between, pair) => {
  const at = hidden(t5({ sentinels }), 64, 11n);
  const cases: [number, number, number, number] = [0, 0, 0, 0];
  for (let sample = 0; sample < 20_000; sample++) {
    const [first, second] = pair(at, sample).map(({ mask }) => mask[30]);
    cases[(first ? 0 : 2) + (second ? 0 : 1)]!++;
  }
  expect(Math.min(...cases)).toBeGreaterThan(100);
  expect(independence(...cases)).toBeGreaterThan(falseAlarm);
});

describe('ul2 chooses its denoisers', () => {
  // Of 100 tokens: mode, hidden tokens and spans of the seven, in their order; S is told by its mode.
  const kinds = ['5 15 5', '5 15 2', '6', '7 50 17', '7 50 6', '7 15 1', '7 50 1'];

  test.each([
    ['all alike', undefined, new Float64Array(7).fill(1 / 7)],
    ['S for half of the samples', [1, 1, 6, 1, 1, 1, 1], [1, 1, 6, 1, 1, 1, 1].map((w) => w / 12)],
  ] as const)('%s', (_name, weights, shares) => {
    const modes = { r: 5, s: 6, x: 7 };
    const at = hidden(
      ul2({ sentinels, modes, ...(weights === undefined ? {} : { weights }) }),
      100,
      8n,
    );
    const counts = new Float64Array(7);
    for (let sample = 0; sample < sized(14_000); sample++) {
      const { mode, mask } = at(0, sample);
      const noise = mask.reduce((sum, bit) => sum + bit, 0);
      const kind = mode === modes.s ? '6' : `${mode} ${noise} ${runsOf(mask).length / 2}`;
      counts[kinds.indexOf(kind)]!++;
    }
    expect(goodnessOfFit(counts, shares)).toBeGreaterThan(falseAlarm);
  });

  test('and S hides an end of any length from 1 to twice its mean less 1', () => {
    const strategy = spanCorruption({
      type: 'span-corruption',
      denoisers: [{ type: 'suffix', density: 250_000 }],
      choice: [],
      sentinels,
    });
    const at = hidden(strategy, 40, 15n);
    const counts = new Float64Array(19);
    for (let sample = 0; sample < sized(19_000); sample++) {
      const { mask } = at(0, sample);
      const length = mask.reduce((sum, bit) => sum + bit, 0);
      expect(mask.subarray(40 - length).every((bit) => bit === 1)).toBe(true);
      counts[length - 1]!++;
    }
    expect(goodnessOfFit(counts, new Float64Array(19).fill(1 / 19))).toBeGreaterThan(falseAlarm);
  });
});
