import assert from 'node:assert/strict';
import { defaultDevice, init, numpy as np } from '@jax-js/jax';
import { crossEntropy } from './loss.ts';

await init('wasm');
defaultDevice('wasm');

const logits = [
  [0.5, -1, 2],
  [1, 1, 1],
  [-3, 0, 4],
];
const labels = [2, 0, 1];

async function lossOf(weights: number[]): Promise<number> {
  const loss = crossEntropy(np.array(Float32Array.from(logits.flat()), { shape: [3, 3] }), {
    labels: np.array(Int32Array.from(labels)),
    weights: np.array(Float32Array.from(weights)),
  });
  return (await loss.data())[0]!;
}

function expected(row: number): number {
  const sum = logits[row]!.reduce((total, logit) => total + Math.exp(logit), 0);
  return Math.log(sum) - logits[row]![labels[row]!]!;
}

Deno.test('crossEntropy() is the mean over the positions of weight 1', async () => {
  const all = (expected(0) + expected(1) + expected(2)) / 3;
  assert.ok(Math.abs((await lossOf([1, 1, 1])) - all) < 1e-6);
  const two = (expected(0) + expected(2)) / 2;
  assert.ok(Math.abs((await lossOf([1, 0, 1])) - two) < 1e-6);
});

Deno.test('crossEntropy() of no position is 0, as a short last batch may have none', async () => {
  assert.equal(await lossOf([0, 0, 0]), 0);
});
