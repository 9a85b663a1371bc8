import assert from 'node:assert/strict';
import { normalValues } from './parameters.ts';

/** Values that core's draws of one sample suffice for. */
const page = 2 ** 26;

const values = (from: number, count: number, tensor = 1): Float32Array<ArrayBuffer> =>
  normalValues(42n, tensor, { from, to: from + count }, 1);

Deno.test('initial values are those of earlier versions', () => {
  // Printed by commit 29b804d, which could not draw more than 2^26 of them.
  const expected = [
    -0.9415130615234375, -1.0556923151016235, 1.1999552249908447, -0.96866774559021,
    -0.7104519009590149, -1.293425440788269, 0.11171269416809082,
  ];
  assert.deepEqual([...values(0, 7)], expected);
});

Deno.test('a range has the values that the whole has there', () => {
  for (const around of [100, page]) {
    const whole = values(around - 8, 16);
    assert.deepEqual(values(around - 8, 8), whole.slice(0, 8));
    assert.deepEqual(values(around, 7), whole.slice(8, 15));
  }
});

Deno.test('values beyond 2^26 are none of those before, nor of another tensor', () => {
  const count = 1000;
  const parts = [
    values(0, count),
    values(page - count, 2 * count),
    values(2 * page, count),
    values(64 * page, count),
    values(page, count, 2),
  ];
  const found = parts.flatMap((part) => [...part]);
  // By chance two of the 6000 would be equal about twice in three such tests, pairs of them as good as never.
  const pairs = found.flatMap((value, at) => (at % 2 === 0 ? [`${value} ${found[at + 1]}`] : []));
  assert.equal(new Set(pairs).size, pairs.length);
});

Deno.test('values beyond 2^26 are normally distributed, whatever those at the beginning are', () => {
  const count = 2 ** 16;
  const mean = (of: Float32Array): number => of.reduce((sum, value) => sum + value, 0) / count;
  // Five standard deviations of a mean.
  const bound = 5 / Math.sqrt(count);
  const [first, later] = [values(0, count), values(page, count)];
  assert.ok(Math.abs(mean(later)) < bound);
  assert.ok(Math.abs(mean(later.map((value) => value ** 2)) - 1) < bound * Math.SQRT2);
  assert.ok(Math.abs(mean(later.map((value, at) => value * first[at]!))) < bound);
});
