import assert from 'node:assert/strict';
import { rangeFromZero, rangeOfAll } from './range.ts';

Deno.test('a value that stands far out does not flatten the others', () => {
  const usual = Array.from({ length: 200 }, () => 1);
  const [low, high] = rangeFromZero([50, ...usual]);
  assert.ok(low === 0 && high > 1 && high < 2);
  assert.ok(rangeFromZero([2, ...usual])[1] > 2);
});

Deno.test('every range has a size', () => {
  for (const values of [[], [0], [0, 0, 0], [5, 5]]) {
    for (const [low, high] of [rangeFromZero(values), rangeOfAll(values)]) {
      assert.ok(high > low && values.every((value) => value >= low && value <= high));
    }
  }
  assert.equal(rangeFromZero([0.001], 1)[1], 1);
});
