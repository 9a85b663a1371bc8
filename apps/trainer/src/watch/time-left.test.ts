import assert from 'node:assert/strict';
import { createTimeLeft } from './time-left.ts';

/** A clock that a test sets, in milliseconds. */
const clock = { at: 0, now: () => clock.at };

function advance(seconds: number): void {
  clock.at += seconds * 1000;
}

Deno.test('the first step does not count, what lies between the others does', () => {
  const timeLeft = createTimeLeft(10, clock.now);
  assert.equal(timeLeft.seconds(), undefined);
  advance(60);
  timeLeft.update(1);
  assert.equal(timeLeft.seconds(), undefined);
  advance(2);
  timeLeft.update(2);
  assert.equal(timeLeft.seconds(), 2 * 8);
  // An evaluation, and a step.
  advance(4 + 2);
  timeLeft.update(3);
  assert.equal(timeLeft.seconds(), 4 * 7);
});

Deno.test('a resumed run is judged by its own steps alone', () => {
  const timeLeft = createTimeLeft(1000, clock.now);
  timeLeft.update(901);
  advance(3);
  timeLeft.update(902);
  assert.equal(timeLeft.seconds(), 3 * 98);
});

Deno.test('a machine that slept is forgotten, and a finished run has no time left', () => {
  const total = 5000;
  const timeLeft = createTimeLeft(total, clock.now);
  advance(8 * 3600);
  for (let done = 1; done < total; done++) {
    timeLeft.update(done);
    advance(done === 1000 ? 8 * 3600 : 0.5);
  }
  assert.equal(timeLeft.seconds(), 0.5);
  timeLeft.update(total);
  assert.equal(timeLeft.seconds(), undefined);
});
