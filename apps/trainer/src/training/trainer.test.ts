import assert from 'node:assert/strict';
import { defaultDevice, init, jit, numpy as np, tree } from '@jax-js/jax';
import { initialParameters, type Parameters } from '../model/parameters.ts';
import type { Tensor } from '../model/tensor.ts';
import { tiny, tinyBatch } from '../testing/tiny.ts';
import { adamW, initialMoments, stepScale } from './adamw.ts';
import type { HostBatch } from './batch.ts';
import { deviceBatch, lossAndGradients } from './gradients.ts';
import { learningRate } from './schedule.ts';
import { spreadGradient, tokenRows } from './token-gradient.ts';
import { createTrainer } from './trainer.ts';

await init('wasm');
defaultDevice('wasm');

async function lossesOf(
  steps: number,
  seed = 42n,
  batch: HostBatch = tinyBatch(),
): Promise<number[]> {
  const trainer = createTrainer(tiny, seed);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) losses.push(await trainer.train(batch, 0.01));
  trainer.dispose();
  return losses;
}

Deno.test('a new model knows nothing: its loss is ln V', async () => {
  const [first] = await lossesOf(1);
  assert.ok(Math.abs(first! - Math.log(tiny.vocab)) < 0.1, `${first}`);
});

Deno.test('training learns a batch by heart', async () => {
  const losses = await lossesOf(60);
  assert.ok(losses.at(-1)! < 0.1, `${losses.at(-1)}`);
});

Deno.test('two runs have the same losses, bit for bit; another seed has others', async () => {
  const [first, again, other] = [await lossesOf(5), await lossesOf(5), await lossesOf(5, 43n)];
  assert.deepEqual(first, again);
  assert.notDeepEqual(first, other);
});

Deno.test('padding of masked positions changes no loss', async () => {
  const [narrow, wide] = [await lossesOf(4), await lossesOf(4, 42n, tinyBatch(128))];
  for (const [step, loss] of narrow.entries()) assert.ok(Math.abs(loss - wide[step]!) < 1e-5);
});

Deno.test('what stands in padded places changes no loss', async () => {
  const batch = tinyBatch();
  const ids = batch.ids.map((id, at) => (batch.attention[at] === 0 ? 17 : id));
  const [before, after] = [await lossesOf(1), await lossesOf(1, 42n, { ...batch, ids })];
  assert.ok(Math.abs(before[0]! - after[0]!) < 1e-6);
});

Deno.test('the gradient is the slope of the loss, for every tensor', async () => {
  const lossOf = jit((parameters: Parameters, batch: ReturnType<typeof deviceBatch>) =>
    lossAndGradients(tiny, parameters, batch),
  );
  // Away from the start, where all is nearly linear.
  const parameters = initialParameters(tiny, 3n);
  const enlarged = tree.map((tensor: Tensor) => tensor.mul(1.5), parameters) as Parameters;
  const { gradients } = lossOf(tree.ref(enlarged), deviceBatch(tinyBatch(), tiny));
  const values = tree.leaves(enlarged) as Tensor[];
  const slopes = tree.leaves(gradients) as Tensor[];
  const structure = tree.structure(enlarged);
  for (const [index, slope] of slopes.entries()) {
    const squared = (await np.square(slope.ref).sum().data())[0]!;
    if (squared < 1e-8) continue;
    // Along its own direction the loss changes by the gradient's length.
    const distance = 0.001 / Math.sqrt(squared);
    const at = async (sign: number): Promise<number> => {
      const moved = values.map((value, other) =>
        other === index ? value.ref.add(slope.ref.mul(sign * distance)) : value.ref,
      );
      const there = tree.unflatten(structure, moved) as unknown as Parameters;
      const { loss, gradients } = lossOf(there, deviceBatch(tinyBatch(), tiny));
      tree.dispose(gradients);
      return (await loss.data())[0]!;
    };
    const numeric = ((await at(1)) - (await at(-1))) / (2 * distance);
    const ratio = numeric / squared;
    assert.ok(Math.abs(ratio - 1) < 0.02, `tensor ${index}: ratio ${ratio}`);
  }
});

Deno.test("spreadGradient() gives each id the sum of its rows' gradients", async () => {
  const ids = Int32Array.of(3, 7, 3, 0, 7, 3);
  const gradient = Float32Array.from({ length: 12 }, (_, index) => index + 0.5);
  const { unique, places } = tokenRows(ids, 9);
  const spread = spreadGradient(
    np.array(gradient, { shape: [6, 2] }),
    np.array(ids),
    np.array(unique),
    np.array(places),
  );
  const expected = new Float32Array(18);
  ids.forEach((id, row) => {
    expected[id * 2]! += gradient[row * 2]!;
    expected[id * 2 + 1]! += gradient[row * 2 + 1]!;
  });
  assert.deepEqual(await spread.data(), expected);
});

Deno.test('adamW() is the update of the paper, with no decay on biases', async () => {
  const options = { beta1: 0.9, beta2: 0.98, epsilon: 1e-6, decay: 0.1 };
  const make = (matrix: number, bias: number) =>
    ({
      matrix: np.array(Float32Array.of(matrix), { shape: [1, 1] }),
      bias: np.array(Float32Array.of(bias)),
    }) as unknown as Parameters;
  let parameters = make(1, 1);
  let moments = initialMoments(parameters);
  let [matrix, bias] = [1, 1];
  const first = [0, 0];
  const second = [0, 0];
  for (const [step, [g, h]] of [
    [0.5, -0.25],
    [0.1, 0.4],
    [-0.3, 0.2],
  ].entries() as IterableIterator<[number, [number, number]]>) {
    const next = adamW(parameters, make(g, h), moments, stepScale(step, 0.01, options), options);
    parameters = next.parameters;
    moments = next.moments;
    const directions = [g, h].map((gradient, index) => {
      first[index] = 0.9 * first[index]! + 0.1 * gradient;
      second[index] = 0.98 * second[index]! + 0.02 * gradient ** 2;
      const mean = first[index]! / (1 - 0.9 ** (step + 1));
      return mean / (Math.sqrt(second[index]! / (1 - 0.98 ** (step + 1))) + 1e-6);
    });
    matrix -= 0.01 * (directions[0]! + 0.1 * matrix);
    bias -= 0.01 * directions[1]!;
  }
  // Leaves are in the order of their names.
  const leaves = tree.leaves(parameters) as Tensor[];
  const found = await Promise.all(leaves.map(async (leaf) => (await leaf.data())[0]!));
  const expected = [matrix, bias].sort();
  for (const [index, value] of found.sort().entries()) {
    assert.ok(Math.abs(value - expected[index]!) < 1e-6);
  }
});

Deno.test('learningRate() rises to its peak and falls to 0', () => {
  const options = { peak: 1, warmup: 4, steps: 12 };
  const rates = Array.from({ length: 13 }, (_, step) => learningRate(step, options));
  assert.deepEqual(rates, [0.25, 0.5, 0.75, 1, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0]);
});
