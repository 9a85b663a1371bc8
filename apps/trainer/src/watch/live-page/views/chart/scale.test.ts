import assert from 'node:assert/strict';
import { pixelAt, ticks } from './scale.ts';

Deno.test('ticks() are round numbers within the range', () => {
  assert.deepEqual(ticks([0, 10], 5), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(ticks([4.1, 9.2], 5), [6, 8]);
  assert.deepEqual(ticks([0, 5e-4], 5), [0, 1e-4, 2e-4, 3e-4, 4e-4, 5e-4]);
  assert.deepEqual(ticks([7, 7], 5), [7]);
});

Deno.test('a range without a size maps to the start of the pixels, not to NaN', () => {
  assert.equal(pixelAt({ values: [3, 3], pixels: [50, 100] }, 3), 50);
  assert.equal(pixelAt({ values: [2, 4], pixels: [100, 0] }, 3), 50);
});
