import assert from 'node:assert/strict';
import { learningRate, type Schedule } from './schedule.ts';

const rates = (schedule: Schedule): number[] =>
  Array.from({ length: 13 }, (_, step) =>
    learningRate(step, { schedule, peak: 1, warmup: 4, steps: 12 }),
  );

Deno.test('every schedule rises to its peak in the steps of the warm-up', () => {
  for (const schedule of ['linear', 'cosine', 'constant'] as const) {
    assert.deepEqual(rates(schedule).slice(0, 5), [0.25, 0.5, 0.75, 1, 1]);
  }
});

Deno.test('linear falls evenly to 0', () => {
  assert.deepEqual(rates('linear').slice(4), [1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0]);
});

Deno.test('cosine falls slowly at first and at the end: half way it is at half', () => {
  const [, , , , start, next, , , half, , , last, end] = rates('cosine') as [number, ...number[]];
  assert.ok(start === 1 && next! > 0.95 && last! < 0.05 && end! < 1e-12);
  assert.ok(Math.abs(half! - 0.5) < 1e-12);
});

Deno.test('constant stays', () => {
  assert.deepEqual(rates('constant').slice(4), Array(9).fill(1));
});
