import assert from 'node:assert/strict';
import { smooth } from './smooth.ts';

Deno.test('smooth() keeps a straight line and takes most of what jumps', () => {
  const straight = Array.from({ length: 200 }, (_, step) => [step, 9 - step / 100] as const);
  smooth(straight).forEach(([step, value], index) => {
    assert.equal(step, straight[index]![0]);
    assert.ok(Math.abs(value - straight[index]![1]) < 1e-9);
  });
  const jumping = straight.map(([step, value]) => [step, value + (step % 2 ? 0.5 : -0.5)] as const);
  smooth(jumping)
    .slice(4, -4)
    .forEach(([, value], index) => {
      assert.ok(Math.abs(value - straight[index + 4]![1]) < 0.07);
    });
});

Deno.test('smooth() leaves a few points as they are', () => {
  assert.deepEqual(smooth([]), []);
  assert.deepEqual(
    smooth([
      [1, 9],
      [2, 5],
    ]),
    [
      [1, 9],
      [2, 5],
    ],
  );
});
