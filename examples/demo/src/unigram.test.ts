import { expect, test } from 'vitest';
import { unigram } from './unigram.ts';

function samples(...rows: number[][]) {
  return { rows: rows.length, sample: (row: number) => Uint16Array.from(rows[row]!) };
}

const vocab = { size: 20, specialIds: [0, 1, 2, 3, 4] };

test('the entropy of tokens that are all alike is the logarithm of their number', () => {
  const { entropy, tokens } = unigram(samples([2, 10, 11, 3], [2, 12, 13, 3]), vocab);
  expect(tokens).toBe(4);
  expect(entropy).toBeCloseTo(Math.log(4), 12);
});

test('the entropy of a known distribution, special tokens left out', () => {
  const { entropy } = unigram(samples([2, 10, 10, 11, 12, 3, 0, 0, 0]), vocab);
  expect(entropy).toBeCloseTo(1.5 * Math.LN2, 12);
});

test('one token that always comes has no entropy', () => {
  expect(unigram(samples([7, 7, 7]), vocab).entropy).toBeCloseTo(0, 12);
});
