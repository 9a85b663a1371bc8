import { expect, test } from 'vitest';
import { countTokens, guess } from './frequency-guess.ts';

const vocab = { size: 9, specialIds: [0, 1, 2, 3, 4] };
const rows = [
  [2, 5, 5, 6, 3],
  [2, 5, 7, 3, 0],
];
const counts = countTokens(
  { rows: rows.length, sample: (row) => Uint16Array.from(rows[row]!) },
  vocab,
);

test('counts have all tokens but the special ones', () => {
  expect([...counts]).toEqual([
    [5, 3],
    [6, 1],
    [7, 1],
    [8, 0],
  ]);
});

test('a guess has one more of each token, and the most frequent one as its favourite', () => {
  // Of 9 counts 4 are of token 5, 2 of token 6 and 1 of token 8.
  const { loss, accuracy } = guess(counts, [5, 6, 8, 5]);
  expect(loss).toBeCloseTo(-Math.log(((4 / 9) * (2 / 9) * (1 / 9) * (4 / 9)) ** (1 / 4)), 12);
  expect(accuracy).toBe(0.5);
});
