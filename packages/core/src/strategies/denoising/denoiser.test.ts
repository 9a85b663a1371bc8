import { expect, test } from 'vitest';
import { noiseCount } from './denoiser.ts';

// google-research/text-to-text-transfer-transformer e081111, t5/data/preprocessors.py, random_spans_noise_mask;
// the first is preprocessors_test.py's test_random_spans_noise_mask, the next the lengths of T5's own samples.
test.each([
  [32, 0.25, 2, 8, 4],
  [568, 0.15, 3, 85, 28],
  [16, 0.15, 3, 2, 1],
  [17, 0.15, 3, 3, 1],
  // Halves go to the even number: 10 * 0.15 and 5 / 2, then 30 * 0.15 and 7 / 2.
  [10, 0.15, 1, 2, 2],
  [50, 0.1, 2, 5, 2],
  [30, 0.15, 3, 4, 1],
  [70, 0.1, 2, 7, 4],
  // At least one token is hidden, and one is shown.
  [2, 0.15, 3, 1, 1],
  [3, 1, 1, 2, 1],
  [9, 0, 3, 0, 0],
  [1, 0.5, 3, 0, 0],
])('of %i tokens at %d, mean length %d, %i are hidden in %i spans', (...row) => {
  const [tokens, rate, meanLength, noise, spans] = row;
  const density = rate * 1_000_000;
  const found = noiseCount({ type: 'spans', density, meanLength: meanLength * 1000 }, tokens);
  expect(found).toEqual({ least: noise, most: noise, spans });
});

test.each([
  [100, 0.25, 1, 49],
  [100, 0.5, 1, 99],
  [100, 0.75, 51, 99],
  [2, 0.25, 1, 1],
  [1, 0.25, 0, 0],
])('of %i tokens at %d, an end of %i to %i is hidden', (tokens, rate, least, most) => {
  const found = noiseCount({ type: 'suffix', density: rate * 1_000_000 }, tokens);
  expect(found).toEqual({ least, most, spans: least === 0 ? 0 : 1 });
});
