import assert from 'node:assert/strict';
import { defaultDevice, init } from '@jax-js/jax';
import { type ModelConfig, modelConfig } from '../model/config.ts';
import { createModel } from '../model/models.ts';
import { tiny, tinyBatch, tinyOptions } from '../testing/tiny.ts';
import type { HostBatch } from './batch.ts';
import { createTrainer, type StepResult, type TrainerOptions } from './trainer.ts';

await init('wasm');
defaultDevice('wasm');

interface Steps {
  readonly config?: Partial<ModelConfig>;
  readonly options?: Partial<TrainerOptions>;
  readonly parts?: readonly HostBatch[];
}

async function train(steps: number, { config, options, parts }: Steps = {}): Promise<StepResult[]> {
  const model = createModel(modelConfig({ ...tiny, ...config }));
  const trainer = createTrainer(model, { ...tinyOptions, ...options });
  const results: StepResult[] = [];
  for (let step = 0; step < steps; step++) {
    results.push(await trainer.train(parts ?? [tinyBatch()], step, 0.01));
  }
  trainer.dispose();
  return results;
}

const lossesOf = async (...given: Parameters<typeof train>): Promise<number[]> =>
  (await train(...given)).map(({ loss }) => loss);

/** Every kind of model, small. */
const models: Partial<ModelConfig>[] = [
  {},
  { norm: 'pre' },
  { architecture: 'albert', embedding: 8 },
  { architecture: 'modernbert' },
  { architecture: 'electra', embedding: 8, generatorSize: 0.5 },
];

for (const config of models) {
  Deno.test(`${JSON.stringify(config)} knows nothing at first, and learns a batch by heart`, async () => {
    const results = await train(60, { config });
    const [first, last] = [results[0]!.losses['mlm']!, results.at(-1)!.losses['mlm']!];
    assert.ok(Math.abs(first - Math.log(tiny.vocab)) < 0.2, `${first}`);
    assert.ok(last < first / 2, `${last}`);
  });
}

Deno.test('two runs have the same losses, bit for bit; another seed has others', async () => {
  const config = { dropout: 0.1 };
  const [first, again] = [await lossesOf(5, { config }), await lossesOf(5, { config })];
  assert.deepEqual(first, again);
  assert.notDeepEqual(first, await lossesOf(5, { config, options: { seed: 43n } }));
});

/** A batch with more padding after each row, and after all rows. */
function padded(batch: HostBatch, { height, width }: { height: number; width: number }): HostBatch {
  const move = (position: number): number =>
    Math.floor(position / batch.width) * width + (position % batch.width);
  const pad = (values: Int32Array, padding: number): Int32Array<ArrayBuffer> => {
    const wide = new Int32Array(height * width).fill(padding);
    values.forEach((value, position) => {
      wide[move(position)] = value;
    });
    return wide;
  };
  const { ids, places, segments, sentences, sentenceLabels, height: rows } = batch;
  const more = Array.from({ length: height - rows }, (_, index) => rows + index);
  const picked = Int32Array.from([
    ...batch.picked.map((position) => (position < 0 ? -1 : move(position))),
    ...(sentenceLabels === undefined ? [] : more.map((row) => row * width)),
  ]);
  const pickedAt = new Int32Array(height * width).fill(picked.length);
  picked.forEach((position, index) => {
    if (position >= 0) pickedAt[position] = index;
  });
  return {
    ...{ ...batch, height, width, ids: pad(ids, 0), places: pad(places, 0), picked, pickedAt },
    ...{ segments: pad(segments, 0), sentences: pad(sentences, 0) },
    ...(sentenceLabels && {
      sentenceLabels: Int32Array.from([...sentenceLabels, ...more.map(() => -1)]),
    }),
  };
}

Deno.test('a batch that is known by heart has a loss of 0, and does not end the run', async () => {
  const model = createModel(modelConfig(tiny));
  const trainer = createTrainer(model, tinyOptions);
  const { parameters } = await trainer.snapshot();
  // So sure of one id that float32 has no other.
  const bias = parameters['cls.predictions.bias']!;
  bias.data.fill(-1000);
  bias.data[7] = 1000;
  trainer.restore({ parameters });
  const batch = tinyBatch();
  const labels = batch.labels.map((_, index) => (index < batch.masked ? 7 : 0));
  const { loss } = await trainer.train([{ ...batch, labels }], 0, 1e-6);
  assert.equal(loss, 0);
  trainer.dispose();
});

Deno.test('padding of masked positions changes no loss', async () => {
  const [narrow, wide] = [await lossesOf(4), await lossesOf(4, { parts: [tinyBatch(128)] })];
  for (const [step, loss] of narrow.entries()) assert.ok(Math.abs(loss - wide[step]!) < 1e-5);
});

for (const config of [
  ...models,
  { sentenceOrder: true },
  { architecture: 'albert', embedding: 8, sentenceOrder: true },
] satisfies Partial<ModelConfig>[]) {
  Deno.test(`${JSON.stringify(config)}: padding of rows changes no loss, with dropout neither`, async () => {
    const given = { ...config, length: 20, dropout: 0.2 };
    const batch = tinyBatch(64, { swapped: 'sentenceOrder' in config });
    const lean = await train(4, { config: given, parts: [batch] });
    const fat = await train(4, { config: given, parts: [padded(batch, { height: 5, width: 20 })] });
    lean.forEach(({ loss, gradientNorm }, step) => {
      assert.ok(Math.abs(loss / fat[step]!.loss - 1) < 1e-5, `${loss} ${fat[step]!.loss}`);
      assert.ok(Math.abs(gradientNorm / fat[step]!.gradientNorm - 1) < 1e-4);
    });
  });
}

Deno.test('what stands in padded places changes no loss', async () => {
  const batch = tinyBatch();
  const ids = batch.ids.map((id, at) => (batch.segments[at] === 0 ? 17 : id));
  const [before] = await lossesOf(1);
  const [after] = await lossesOf(1, { parts: [{ ...batch, ids }] });
  assert.ok(Math.abs(before! - after!) < 1e-6);
});

for (const config of [
  { dropout: 0.2 },
  { dropout: 0.2, sentenceOrder: true },
  { architecture: 'albert', embedding: 8, dropout: 0.2, sentenceOrder: true } as const,
  { architecture: 'electra', embedding: 8, generatorSize: 0.5, dropout: 0.2 } as const,
]) {
  Deno.test(`${JSON.stringify(config)}: a batch in parts is the batch`, async () => {
    const swapped = config.sentenceOrder === true;
    const whole = await train(4, { config, parts: [tinyBatch(64, { swapped })] });
    const parts = [tinyBatch(64, { swapped, to: 1 }), tinyBatch(64, { swapped, from: 1 })];
    const summed = await train(4, { config, parts });
    whole.forEach(({ loss, gradientNorm }, step) => {
      assert.ok(Math.abs(loss / summed[step]!.loss - 1) < 1e-5, `${loss} ${summed[step]!.loss}`);
      assert.ok(Math.abs(gradientNorm / summed[step]!.gradientNorm - 1) < 1e-4);
    });
  });
}

Deno.test('samples packed into one row are as by themselves', async () => {
  const alone = tinyBatch(64, { from: 1, to: 3 });
  // Rows of 9 and 5 tokens, side by side in one of 14.
  const width = 14;
  const config = { length: width };
  const move = (position: number): number => (position < 12 ? position : position - 12 + 9);
  const picked = alone.picked.map((position) => (position < 0 ? -1 : move(position)));
  const pickedAt = new Int32Array(width).fill(picked.length);
  picked.forEach((position, index) => {
    if (position >= 0) pickedAt[position] = index;
  });
  const lay = (values: Int32Array): Int32Array<ArrayBuffer> =>
    Int32Array.of(...values.subarray(0, 9), ...values.subarray(12, 17));
  const packed: HostBatch = {
    ...{ ...alone, rows: 1, height: 1, width, picked, pickedAt },
    ids: lay(alone.ids),
    places: lay(alone.places),
    sentences: lay(alone.sentences),
    segments: Int32Array.from({ length: width }, (_, at) => (at < 9 ? 1 : 2)),
  };
  for (const architecture of ['bert', 'modernbert'] as const) {
    const apart = await lossesOf(3, { config: { ...config, architecture }, parts: [alone] });
    const together = await lossesOf(3, { config: { ...config, architecture }, parts: [packed] });
    apart.forEach((loss, step) => {
      assert.ok(Math.abs(loss - together[step]!) < 1e-5, `${loss} ${together[step]}`);
    });
  }
});

Deno.test('a trainer goes on from a snapshot bit for bit', async () => {
  const config = modelConfig({ ...tiny, dropout: 0.1 });
  const first = createTrainer(createModel(config), tinyOptions);
  for (let step = 0; step < 3; step++) await first.train([tinyBatch()], step, 0.01);
  const snapshot = await first.snapshot();
  const second = createTrainer(createModel(config), { ...tinyOptions, seed: 42n });
  second.restore(snapshot);
  for (let step = 3; step < 6; step++) {
    const expected = await first.train([tinyBatch()], step, 0.01);
    assert.deepEqual(await second.train([tinyBatch()], step, 0.01), expected);
  }
  first.dispose();
  second.dispose();
});

Deno.test('a snapshot of other sizes is refused, naming the parameter and both shapes', async () => {
  const small = createTrainer(createModel(tiny), tinyOptions);
  const snapshot = await small.snapshot();
  const wide = createTrainer(createModel(modelConfig({ ...tiny, vocab: 60 })), tinyOptions);
  assert.throws(() => wide.restore(snapshot), {
    code: 'MODEL',
    message:
      /bert\.embeddings\.word_embeddings\.weight has the shape \[50,16\], expected \[60,16\]/,
  });
  const { 'cls.predictions.bias': _, ...missing } = snapshot.parameters;
  assert.throws(() => small.restore({ parameters: missing }), /cls\.predictions\.bias is missing/);
});

Deno.test('a loss that is no number changes nothing', async () => {
  const trainer = createTrainer(createModel(tiny), tinyOptions);
  await trainer.train([tinyBatch()], 0, 0.01);
  const before = await trainer.snapshot();
  const broken = tinyBatch();
  broken.weights[0] = Number.NaN;
  await assert.rejects(trainer.train([broken], 1, 0.01), { code: 'LOSS', message: /is NaN/ });
  assert.deepEqual(await trainer.snapshot(), before);
  trainer.dispose();
});

Deno.test('clipping bounds the update, and the norm that is told is that before', async () => {
  const free = await train(1);
  const clipped = await train(1, { options: { clip: 0.01 } });
  assert.equal(clipped[0]!.gradientNorm, free[0]!.gradientNorm);
  assert.ok(free[0]!.gradientNorm > 0.01);
  // Adam does not see the scale of gradients, but for its epsilon: with a large one it does.
  const options = { epsilon: 1 };
  const [, wild] = await lossesOf(2, { options });
  const [, tame] = await lossesOf(2, { options: { ...options, clip: 0.01 } });
  assert.ok(tame! > wild!, `${tame} ${wild}`);
});

for (const config of [{}, { architecture: 'electra', generatorSize: 0.5 }] as const) {
  Deno.test(`${JSON.stringify(config)} says a logit of each id, and of nothing more`, async () => {
    const trainer = createTrainer(createModel(modelConfig({ ...tiny, ...config })), tinyOptions);
    const batch = tinyBatch();
    const logits = await trainer.predict(batch);
    trainer.dispose();
    assert.equal(logits.length, batch.labels.length * tiny.vocab);
    assert.ok(logits.every((logit) => Math.abs(logit) < 100));
  });
}
