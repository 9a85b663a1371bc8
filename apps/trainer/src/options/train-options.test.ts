import assert from 'node:assert/strict';
import type { GivenValue } from './given.ts';
import type { OptionName } from './table.ts';
import { type TrainOptions, trainOptions } from './train-options.ts';

function options(values: Partial<Record<OptionName, unknown>>): TrainOptions {
  const entries = Object.entries({ url: ['http://a'], ...values }) as [OptionName, unknown][];
  const given = entries.map(([name, value]): [OptionName, GivenValue] => [
    name,
    { value, where: `--${name}` },
  ]);
  return trainOptions(new Map(given));
}

Deno.test('without options the defaults are those that the table says', () => {
  const { url, seed, log, tensorboard, evalUrl, ...rest } = options({});
  assert.deepEqual(
    { url, seed, log, tensorboard, evalUrl },
    {
      ...{
        url: ['http://a'],
        seed: 42n,
        log: undefined,
        tensorboard: undefined,
        evalUrl: undefined,
      },
    },
  );
  assert.deepEqual(rest, {
    ...{ timeout: 30, evalEvery: 100, evalSteps: 10, patience: 0 },
    ...{ architecture: 'bert', size: 'tiny', layers: 2, hidden: 128, heads: 2, intermediate: 512 },
    ...{ embedding: 128, norm: 'post', dropout: 0.1, length: 0, generatorSize: 0.25 },
    ...{ discriminatorWeight: 50, steps: 200, optimizer: 'adamw', lr: 1e-3 },
    ...{ schedule: 'linear', warmup: 40, beta1: 0.9, beta2: 0.98, epsilon: 1e-6 },
    ...{ weightDecay: 0.01, clip: 1, accumulate: 1, precision: 'float32', device: 'auto' },
    ...{ threads: 0, ranks: 1, checkpointEvery: 1000, keep: 3, resume: false, verbose: false },
  });
});

Deno.test("sizes are those of Google's miniatures, and each width can be given by itself", () => {
  const sizeOf = ({ layers, hidden, heads, intermediate }: TrainOptions) => [
    ...[layers, hidden, heads, intermediate],
  ];
  assert.deepEqual(sizeOf(options({ size: 'mini' })), [4, 256, 4, 1024]);
  assert.deepEqual(sizeOf(options({ size: 'small' })), [4, 512, 8, 2048]);
  assert.deepEqual(sizeOf(options({ size: 'medium' })), [8, 512, 8, 2048]);
  assert.deepEqual(sizeOf(options({ size: 'base' })), [12, 768, 12, 3072]);
  assert.deepEqual(sizeOf(options({ size: 'base', layers: 3, hidden: 96 })), [3, 96, 12, 384]);
  assert.deepEqual(sizeOf(options({ heads: 4, intermediate: 300 })), [2, 128, 4, 300]);
});

Deno.test('the token table is factorised for albert and electra, by 128 or the width', () => {
  assert.equal(options({ size: 'base' }).embedding, 768);
  assert.equal(options({ size: 'base', architecture: 'albert' }).embedding, 128);
  assert.equal(options({ hidden: 64, architecture: 'electra' }).embedding, 64);
  assert.equal(options({ architecture: 'electra', embedding: 32 }).embedding, 32);
});

Deno.test('dropout is 0.1, but 0 for albert and modernbert', () => {
  const dropouts = ['bert', 'electra', 'albert', 'modernbert'].map(
    (architecture) => options({ architecture }).dropout,
  );
  assert.deepEqual(dropouts, [0.1, 0.1, 0, 0]);
  assert.equal(options({ architecture: 'albert', dropout: 0.2 }).dropout, 0.2);
  assert.equal(options({ dropout: 0 }).dropout, 0);
});

Deno.test('warm-up by default takes no more steps than there are', () => {
  assert.deepEqual([options({ steps: 39 }).warmup, options({ steps: 41 }).warmup], [39, 40]);
});

Deno.test("log and TensorBoard's files are in the run's folder unless told otherwise", () => {
  const { log, tensorboard } = options({ out: 'run' });
  assert.deepEqual([log, tensorboard], ['run/log.jsonl', 'run/tensorboard']);
  assert.equal(options({ out: 'run', log: 'a.jsonl' }).log, 'a.jsonl');
  assert.equal(options({ out: 'run', tensorboard: 'events' }).tensorboard, 'events');
  assert.equal(options({ tensorboard: 'events' }).tensorboard, 'events');
  assert.equal('tensorboard' in options({ out: 'run', tensorboard: false }), false);
});

Deno.test('options are frozen', () => {
  const found = options({});
  assert(Object.isFrozen(found) && Object.isFrozen(found.url));
});

Deno.test('options that do not go together are refused by the name of one', () => {
  const cases: [Partial<Record<OptionName, unknown>>, string][] = [
    [
      { url: undefined },
      '--url is missing, expected the address of a sidecar: `maskloom serve` prints it',
    ],
    [{ heads: 3 }, '--heads is 3, expected a divisor of hidden, which is 128'],
    [{ hidden: 129 }, '--hidden is 129, expected a multiple of heads, which are 2'],
    [
      { architecture: 'modernbert', heads: 128 },
      '--heads is 128, expected a divisor of half of hidden, which is 128, for rotary positions',
    ],
    [{ steps: 10, warmup: 11 }, '--warmup is 11, expected at most steps, which are 10'],
    [{ patience: 2 }, '--patience is 2, expected 0 where there is no evaluation: give --eval-url'],
    [{ resume: true }, '--resume is true, expected false without the folder of a run: give --out'],
    [
      { 'checkpoint-every': 5 },
      '--checkpoint-every is 5, expected 0 without a folder to write to: give --out',
    ],
    [
      { tokenizer: 'a' },
      '--tokenizer is "a", expected nothing where there are no checkpoints to copy it into: give --out, the folder of the run, as well',
    ],
    [{ tensorboard: true }, '--tensorboard is true, expected the path of a folder, or --out'],
    [
      { embedding: 64 },
      '--embedding is 64, expected nothing, since it is for albert and electra and the architecture is bert',
    ],
    [
      { norm: 'pre', architecture: 'albert' },
      '--norm is "pre", expected nothing, since it is for bert and the architecture is albert',
    ],
    [
      { 'generator-size': 0.5 },
      '--generator-size is 0.5, expected nothing, since it is for electra and the architecture is bert',
    ],
  ];
  for (const [values, message] of cases) {
    assert.throws(() => options(values), { name: 'OptionsError', code: 'OPTIONS', message });
  }
});
