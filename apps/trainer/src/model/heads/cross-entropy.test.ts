import assert from 'node:assert/strict';
import { defaultDevice, grad, init, nn, numpy as np } from '@jax-js/jax';
import type { Tensor } from '../tensor.ts';
import { crossEntropy } from './cross-entropy.ts';
import { binaryCrossEntropy } from './replaced-tokens.ts';

await init('wasm');
defaultDevice('wasm');

const classes = 7;
const logits = Float32Array.from({ length: 3 * classes }, (_, at) => 4 * Math.sin(at * at));
const weights = [1, 0, 1];

async function expectClose(found: Tensor, expected: Tensor): Promise<void> {
  const [values, others] = [await found.data(), await expected.data()];
  assert.equal(values.length, others.length);
  values.forEach((value, at) => {
    assert.ok(Math.abs(value - others[at]!) < 1e-5, `${at}: ${value}, ${others[at]}`);
  });
}

Deno.test('cross entropy and its gradient are those of logsumexp, differentiated', async () => {
  const labels = [5, 0, 2];
  const isLabel = np.array(
    labels.map((label) => Array.from({ length: classes }, (_, id) => Number(id === label))),
  );
  const plain = (values: Tensor): Tensor => {
    const atLabel = values.ref.mul(isLabel.ref).sum(-1);
    return nn.logsumexp(values, -1).sub(atLabel).mul(np.array(weights)).sum();
  };
  const rows = np.array(logits, { shape: [3, classes] });
  const { sum, gradient } = crossEntropy(
    rows.ref,
    np.array(Int32Array.from(labels)),
    np.array(weights),
  );
  await expectClose(sum, plain(rows.ref));
  await expectClose(gradient, grad(plain)(rows));
});

Deno.test('classes whose logits are low enough have no part in it', async () => {
  const padded = np.concatenate(
    [np.array(logits, { shape: [3, classes] }), np.full([3, 2], -1e9)],
    1,
  );
  const labels = () => np.array(Int32Array.of(1, 2, 3));
  const wide = crossEntropy(padded, labels(), np.array(weights));
  const narrow = crossEntropy(
    np.array(logits, { shape: [3, classes] }),
    labels(),
    np.array(weights),
  );
  await expectClose(wide.sum, narrow.sum);
  const [own, more] = np.split(wide.gradient, [classes], 1);
  await expectClose(own!, narrow.gradient);
  assert.ok((await more!.data()).every((value) => value === 0));
});

Deno.test('binary cross entropy and its gradient are those of softplus, differentiated', async () => {
  const labels = Float32Array.of(0, 1, 1);
  const plain = (values: Tensor): Tensor => {
    const losses = nn.softplus(values.ref).sub(values.mul(np.array(labels)));
    return losses.mul(np.array(weights)).sum();
  };
  const row = np.array(logits.slice(0, 3));
  const { sum, gradient } = binaryCrossEntropy(row.ref, np.array(labels), np.array(weights));
  await expectClose(sum, plain(row.ref));
  await expectClose(gradient, grad(plain)(row));
});
