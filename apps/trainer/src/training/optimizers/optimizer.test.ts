import assert from 'node:assert/strict';
import { defaultDevice, init, numpy as np } from '@jax-js/jax';
import { adamW } from './adamw.ts';
import { lamb } from './lamb.ts';
import { type Direction, initialMoments, stepScale, update } from './optimizer.ts';

await init('wasm');
defaultDevice('wasm');

const options = { beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0.1 };
const gradients = [
  { matrix: [0.5, -0.2], bias: [-0.25] },
  { matrix: [0.1, 0.3], bias: [0.4] },
  { matrix: [-0.3, 0.05], bias: [0.2] },
];

type Values = { matrix: number[]; bias: number[] };

const tensors = ({ matrix, bias }: Values) => ({
  matrix: np.array(Float32Array.from(matrix), { shape: [1, 2] }),
  bias: np.array(Float32Array.from(bias)),
});

/** Three updates by the library's code. */
async function found(direction: Direction): Promise<Values> {
  let parameters: Record<string, np.Array> = tensors({ matrix: [1, -2], bias: [1] });
  let moments = initialMoments(parameters);
  for (const [step, gradient] of gradients.entries()) {
    const scale = stepScale(step, 0.01, options);
    ({ parameters, moments } = update(
      parameters,
      tensors(gradient),
      moments,
      scale,
      options,
      direction,
    ));
  }
  return {
    matrix: [...(await parameters['matrix']!.data())],
    bias: [...(await parameters['bias']!.data())],
  };
}

/** The same as the papers have it, number by number. */
function expected(ratioOf: (values: number[], direction: number[]) => number): Values {
  const values: Values = { matrix: [1, -2], bias: [1] };
  const first: Values = { matrix: [0, 0], bias: [0] };
  const second: Values = { matrix: [0, 0], bias: [0] };
  for (const [step, gradient] of gradients.entries()) {
    for (const name of ['matrix', 'bias'] as const) {
      const adam = gradient[name].map((g, index) => {
        first[name][index] = 0.9 * first[name][index]! + 0.1 * g;
        second[name][index] = 0.98 * second[name][index]! + 0.02 * g ** 2;
        const mean = first[name][index]! / (1 - 0.9 ** (step + 1));
        return mean / (Math.sqrt(second[name][index]! / (1 - 0.98 ** (step + 1))) + 1e-6);
      });
      const decay = name === 'matrix' ? 0.1 : 0;
      const direction = adam.map((part, index) => part + decay * values[name][index]!);
      const ratio = name === 'matrix' ? ratioOf(values[name], direction) : 1;
      values[name] = values[name].map((value, index) => value - 0.01 * ratio * direction[index]!);
    }
  }
  return values;
}

function assertClose(actual: Values, wanted: Values): void {
  for (const name of ['matrix', 'bias'] as const) {
    actual[name].forEach((value, index) => {
      assert.ok(Math.abs(value - wanted[name][index]!) < 1e-6, `${name} ${value} ${wanted[name]}`);
    });
  }
}

Deno.test('adamW is the update of its paper, with no decay on biases', async () => {
  assertClose(
    await found(adamW),
    expected(() => 1),
  );
});

Deno.test('lamb is the update of its paper, with no ratio and no decay on biases', async () => {
  assertClose(
    await found(lamb),
    expected((values, direction) => Math.hypot(...values) / Math.hypot(...direction)),
  );
});

Deno.test('lamb moves a tensor of zeros as adamW does', async () => {
  const move = async (direction: Direction): Promise<number[]> => {
    const zero = { matrix: np.zeros([1, 2]) };
    const gradient = { matrix: np.array([[0.5, -1]]) };
    const scale = stepScale(0, 0.01, options);
    const { parameters } = update(zero, gradient, initialMoments(zero), scale, options, direction);
    return [...(await parameters['matrix']!.data())];
  };
  assert.deepEqual(await move(lamb), await move(adamW));
});
