/** @file Prints a tiny model, a batch, and the loss and gradients of both as JSON: `print-gradients.ts '{"architecture":"bert"}'`. */
import process from 'node:process';
import { defaultDevice, init } from '@jax-js/jax';
import { modelConfig } from '../model/config.ts';
import { createModel } from '../model/models.ts';
import { initialParameters, type Parameters } from '../model/parameters.ts';
import { Tables } from '../training/tables.ts';
import { tiny, tinyBatch } from './tiny.ts';

await init('wasm');
defaultDevice('wasm');
const config = modelConfig({ ...tiny, ...JSON.parse(process.argv[2] ?? '{}') });
const model = createModel(config);
const parameters = initialParameters(model.specs, 7n);
const batch = tinyBatch(64, { swapped: config.sentenceOrder });
const counts = { masked: batch.masked, rows: batch.rows, tokens: batch.tokens };
const scales = Object.fromEntries(
  model.losses.map(({ name, over, weight }) => [name, weight / counts[over]]),
);
const randomness = { seed: 1n, step: 0 };
const found = await model.gradients(parameters, batch, scales, randomness);
const tables = new Tables(model);
for (const lookup of found.lookups) tables.add(lookup);
const gradients = tables.join(found.gradients);

async function plain(tensors: Parameters): Promise<Record<string, object>> {
  const entries = Object.entries(tensors).map(async ([name, tensor]) => {
    const { shape } = tensor;
    return [name, { shape, values: [...(await tensor.ref.data())] }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

const { ids, places, segments, sentences, picked, labels, masked, rows, width } = batch;
const replaced = found.lookups[1]?.batch.ids;
console.log(
  JSON.stringify({
    config,
    parameters: await plain(parameters),
    gradients: await plain(gradients),
    losses: Object.fromEntries(
      model.losses.map(({ name, over }) => [name, found.losses[name]! / counts[over]]),
    ),
    batch: {
      ...{ rows, width, ids: [...ids], places: [...places], segments: [...segments] },
      ...{ sentences: [...sentences], positions: [...picked.subarray(0, masked)] },
      ...{ labels: [...labels.subarray(0, masked)], sentenceLabels: batch.sentenceLabels && [...batch.sentenceLabels] },
      ...(replaced === undefined ? {} : { replaced: [...replaced] }),
    },
  }),
);
process.exit(0);
