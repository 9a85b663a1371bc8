import assert from 'node:assert/strict';
import fc from 'fast-check';
import { candidates } from './candidates.ts';

const logits = fc
  .array(fc.float({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 40 })
  .map((values) => Float32Array.from(values));

Deno.test('probabilities are a softmax, and sum to 1 over all tokens', () => {
  const [first, second] = candidates(Float32Array.of(0, Math.log(3)), 2);
  assert.equal(first!.id, 1);
  assert(Math.abs(first!.probability - 0.75) < 1e-6);
  assert(Math.abs(second!.probability - 0.25) < 1e-6);
  fc.assert(
    fc.property(logits, (values) => {
      const sum = candidates(values, values.length).reduce((all, one) => all + one.probability, 0);
      assert(Math.abs(sum - 1) < 1e-9);
    }),
  );
});

Deno.test('the best are first, and of equals the lower id', () => {
  fc.assert(
    fc.property(logits, fc.integer({ min: 1, max: 50 }), (values, count) => {
      const found = candidates(values, count);
      assert.equal(found.length, Math.min(count, values.length));
      const rest = [...values.keys()].filter((id) => !found.some((one) => one.id === id));
      const order = [...found.map(({ id }) => id), ...rest];
      for (const [index, id] of order.slice(1, found.length).entries()) {
        const before = order[index]!;
        assert(values[before]! > values[id]! || (values[before] === values[id] && before < id));
      }
      const last = found.at(-1)!;
      assert(rest.every((id) => values[id]! <= values[last.id]!));
    }),
  );
});

Deno.test('logits too large to be powers of e do no harm', () => {
  const [best, other] = candidates(Float32Array.of(1e4, -1e4), 2);
  assert.deepEqual(
    [best, other],
    [
      { id: 0, probability: 1 },
      { id: 1, probability: 0 },
    ],
  );
});
