import assert from 'node:assert/strict';
import { defaultDevice, init, numpy as np } from '@jax-js/jax';
import { sample } from './sampling.ts';

await init('wasm');
defaultDevice('wasm');

/** The first class at which the running sum exceeds the number. */
function drawn(probabilities: readonly number[], uniform: number): number {
  let sum = 0;
  for (const [index, probability] of probabilities.entries()) {
    sum += probability;
    if (sum > uniform) return index;
  }
  return probabilities.length - 1;
}

Deno.test('sample() inverts the cumulative distribution, over blocks of any number', async () => {
  for (const classes of [3, 128, 300]) {
    const raw = Array.from({ length: classes }, (_, index) => 1 + ((index * 7919) % 13));
    const total = raw.reduce((sum, value) => sum + value, 0);
    const probabilities = raw.map((value) => value / total);
    // Halfway between two sums, so that rounding can't decide.
    let sum = 0;
    const uniform = probabilities.map((probability) => {
      sum += probability;
      return sum - probability / 2;
    });
    const rows = uniform.flatMap(() => probabilities);
    const found = await sample(
      np.array(Float32Array.from(rows), { shape: [classes, classes] }),
      np.array(Float32Array.from(uniform)),
    ).data();
    assert.deepEqual(
      [...found],
      uniform.map((number) => drawn(probabilities, number)),
    );
  }
});

Deno.test('sample() stays among the classes, whatever rounding does at the ends', async () => {
  const third = Math.fround(1 / 3);
  const found = await sample(
    np.array(Float32Array.of(third, third, third, third, third, third), { shape: [2, 3] }),
    np.array(Float32Array.of(0, Math.fround(1 - 2 ** -24))),
  ).data();
  assert.deepEqual([...found], [0, 2]);
});
