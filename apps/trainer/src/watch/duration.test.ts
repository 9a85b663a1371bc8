import assert from 'node:assert/strict';
import { duration } from './duration.ts';

Deno.test('duration() tells the largest units, and no more than matters', () => {
  for (const [seconds, text] of [
    [0, '0 s'],
    [0.4, '0 s'],
    [59.4, '59 s'],
    [59.6, '1 min'],
    [250, '4 min 10 s'],
    [1230, '20 min'],
    [3599, '59 min'],
    [3600, '1 h'],
    [4830, '1 h 20 min'],
    [86_399, '23 h 59 min'],
    [183_600, '2 d 3 h'],
  ] as const) {
    assert.equal(duration(seconds), text);
  }
});
