import assert from 'node:assert/strict';
import { defaultDevice, init } from '@jax-js/jax';
import { spread, TableGradient } from './table-gradient.ts';

await init('wasm');
defaultDevice('wasm');

Deno.test("a table's rows get the sum of their readers' gradients, over all parts", async () => {
  const table = new TableGradient(9, 2);
  const parts = [
    [3, 7, 3],
    [0, 7, 3, 8],
  ];
  const expected = new Float32Array(18);
  let value = 0.5;
  for (const ids of parts) {
    const gradient = Float32Array.from({ length: 2 * ids.length }, () => value++);
    table.add(Int32Array.from(ids), gradient);
    ids.forEach((id, token) => {
      expected[2 * id]! += gradient[2 * token]!;
      expected[2 * id + 1]! += gradient[2 * token + 1]!;
    });
  }
  assert.deepEqual(await spread(table.toDevice()).data(), expected);
});

Deno.test('the shape follows from the number of tokens, not from which rows they read', () => {
  const shapeOf = (...parts: number[][]): number[] => {
    const table = new TableGradient(9, 2);
    for (const ids of parts) table.add(Int32Array.from(ids), new Float32Array(2 * ids.length));
    const { sums, slots } = table.toDevice();
    const { shape } = sums;
    sums.dispose();
    slots.dispose();
    return shape;
  };
  assert.deepEqual(shapeOf([1, 1, 1], [1, 1]), [5, 2]);
  assert.deepEqual(shapeOf([1, 2, 3], [4, 5]), [5, 2]);
  assert.deepEqual(shapeOf([1, 2, 3, 4, 5, 6, 7, 8], [1, 2]), [9, 2]);
});
