import assert from 'node:assert/strict';
import { closestName } from './closest-name.ts';
import { optionNames } from './table.ts';

Deno.test('the closest name is the one with the fewest letters to change', () => {
  for (const [written, meant] of [
    ['stpes', 'steps'],
    ['warm_up', 'warmup'],
    ['evalEvery', 'eval-every'],
    ['optimiser', 'optimizer'],
    ['weight_decay', 'weight-decay'],
    ['checkpoints-every', 'checkpoint-every'],
    ['seeds', 'seed'],
  ] as const) {
    assert.equal(closestName(written, optionNames), meant);
  }
});

Deno.test('a name is its own closest', () => {
  for (const name of optionNames) assert.equal(closestName(name, optionNames), name);
});
