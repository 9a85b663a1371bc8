// Times training steps of the same BERT in tfjs on Wasm: node train_tfjs.mjs FOLDER '{"vocab":8192,…}'. tfjs has no AdamW (Adam here), and its
// Wasm backend no gradient of a gather, so that tokens are looked up by a product with rows of 0 and 1.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [home, asked] = process.argv.slice(2);
const require = createRequire(join(home, 'package.json'));
const tf = require('@tensorflow/tfjs');
const wasm = require('@tensorflow/tfjs-backend-wasm');
const { vocab, length, rows, masked, layers, hidden, heads, steps } = JSON.parse(asked);
wasm.setThreadsCount(1);
await tf.setBackend('wasm');
await tf.ready();

const variable = (...shape) => tf.variable(tf.randomNormal(shape, 0, 0.02));
const zeros = (size) => tf.variable(tf.zeros([size]));
const ones = (size) => tf.variable(tf.ones([size]));
const dense = (from, to) => ({ weight: variable(from, to), bias: zeros(to) });
const norm = (size) => ({ scale: ones(size), bias: zeros(size) });
const model = {
  token: variable(vocab, hidden),
  place: variable(length, hidden),
  norm: norm(hidden),
  layers: Array.from({ length: layers }, () => ({
    ...{ query: dense(hidden, hidden), key: dense(hidden, hidden), value: dense(hidden, hidden) },
    ...{ output: dense(hidden, hidden), attentionNorm: norm(hidden) },
    ...{ up: dense(hidden, 4 * hidden), down: dense(4 * hidden, hidden), outputNorm: norm(hidden) },
  })),
  transform: dense(hidden, hidden),
  transformNorm: norm(hidden),
  bias: zeros(vocab),
};

const apply = (x, { weight, bias }) => tf.add(tf.matMul(x, weight), bias);
const normalise = (x, { scale, bias }) => {
  const { mean, variance } = tf.moments(x, -1, true);
  return x
    .sub(mean)
    .div(tf.sqrt(variance.add(1e-12)))
    .mul(scale)
    .add(bias);
};
const gelu = (x) => x.mul(0.5).mul(tf.erf(x.mul(Math.SQRT1_2)).add(1));
const split = (x) => x.reshape([rows, length, heads, hidden / heads]).transpose([0, 2, 1, 3]);

const random = (size) =>
  Int32Array.from({ length: size }, () => 5 + Math.floor(Math.random() * (vocab - 5)));
const ids = tf.tensor1d(random(rows * length), 'int32');
const positions = tf.tensor1d(
  Int32Array.from({ length: rows * masked }, (_, index) => {
    const place = 1 + (index % masked) * Math.floor((length - 2) / masked);
    return Math.floor(index / masked) * length + place;
  }),
  'int32',
);
const labels = tf.tensor1d(random(rows * masked), 'int32');

function loss() {
  const embedded = tf.matMul(tf.oneHot(ids, vocab).cast('float32'), model.token);
  let states = normalise(
    embedded.reshape([rows, length, hidden]).add(model.place),
    model.norm,
  ).reshape([rows * length, hidden]);
  for (const layer of model.layers) {
    const [query, key, value] = ['query', 'key', 'value'].map((part) =>
      split(apply(states, layer[part])),
    );
    const scores = tf.matMul(query, key, false, true).div(Math.sqrt(hidden / heads));
    const mixed = tf
      .matMul(tf.softmax(scores), value)
      .transpose([0, 2, 1, 3])
      .reshape([rows * length, hidden]);
    const attended = normalise(states.add(apply(mixed, layer.output)), layer.attentionNorm);
    const fed = apply(gelu(apply(attended, layer.up)), layer.down);
    states = normalise(attended.add(fed), layer.outputNorm);
  }
  const chosen = tf.matMul(tf.oneHot(positions, rows * length).cast('float32'), states);
  const transformed = normalise(gelu(apply(chosen, model.transform)), model.transformNorm);
  const logits = tf.matMul(transformed, model.token, false, true).add(model.bias);
  return tf.losses.softmaxCrossEntropy(tf.oneHot(labels, vocab).cast('float32'), logits);
}

const optimizer = tf.train.adam(1e-4);
const seconds = [];
for (let step = 0; step < steps; step++) {
  const began = performance.now();
  const found = optimizer.minimize(loss, true);
  found.dataSync();
  found.dispose();
  seconds.push((performance.now() - began) / 1000);
}
console.log(JSON.stringify({ seconds }));
