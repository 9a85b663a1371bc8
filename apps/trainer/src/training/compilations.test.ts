import assert from 'node:assert/strict';
import { defaultDevice, init } from '@jax-js/jax';
import { type ModelConfig, modelConfig } from '../model/config.ts';
import { createModel } from '../model/models.ts';
import { rowsFrom } from '../testing/compact-batch.ts';
import { countCompilations } from '../testing/count-compilations.ts';
import { tiny, tinyOptions } from '../testing/tiny.ts';
import { hostBatch } from './batch.ts';
import { createTrainer } from './trainer.ts';

const compilations = countCompilations();
await init('wasm');
defaultDevice('wasm');

const shape = { length: 256, vocab: tiny.vocab, padId: 0, hasUnlikeRows: true };

/** As many lengths, evenly from `least` to `most`. */
const lengths = (rows: number, least: number, most: number): number[] =>
  Array.from({ length: rows }, (_, row) => Math.round(most - (row * (most - least)) / rows));

for (const config of [
  { dropout: 0.1 },
  { architecture: 'electra', embedding: 8, generatorSize: 0.5 },
] satisfies Partial<ModelConfig>[]) {
  Deno.test(`${JSON.stringify(config)}: batches of unlike rows, lengths, masks and ids train without a step compiled for each`, async () => {
    const model = createModel(modelConfig({ ...tiny, ...config, length: shape.length }));
    const trainer = createTrainer(model, tinyOptions);
    const train = async (step: number, rows: number, longest: number, hidden: number) => {
      const batch = rowsFrom(step, lengths(rows, 3, longest), { vocab: shape.vocab, hidden });
      await trainer.train([hostBatch(batch, shape)], step, 1e-3);
    };
    const before = compilations();
    await train(0, 12, 127, 12);
    // Some kernels are other ones once parameters come from an update.
    await train(1, 12, 127, 12);
    const first = compilations();
    assert.ok(first > before + 100, `${first - before}`);
    await train(2, 11, 128, 13);
    await train(3, 12, 70, 15);
    await train(4, 11, 99, 16);
    assert.equal(compilations(), first);
    trainer.dispose();
  });
}

Deno.test('batches of about as many tokens each have a few shapes', () => {
  const batches = Array.from({ length: 200 }, (_, index) => {
    const longest = 256 - index;
    const rows = Math.min(64, Math.floor(2048 / longest));
    const given = { vocab: shape.vocab, hidden: Math.ceil(0.15 * longest) };
    return hostBatch(rowsFrom(index, lengths(rows, longest - 20, longest), given), shape);
  });
  const own = batches.map(({ rows, tokens, masked }) => `${rows}, ${tokens}, ${masked}`);
  const padded = batches.map(
    ({ height, width, picked }) => `${height}, ${width}, ${picked.length}`,
  );
  assert.ok(new Set(own).size > 100, `${new Set(own).size}`);
  assert.ok(new Set(padded).size <= 20, `${new Set(padded).size}`);
});
