/** @file Prints tiny models, a batch for each, and its loss, gradients and dropout as JSON: `print-gradients.ts '{"architecture":"bert"}' …`. */
import process from 'node:process';
import { defaultDevice, init } from '@jax-js/jax';
import { type ModelConfig, modelConfig } from '../model/config.ts';
import { dropoutFactors } from '../model/dropout.ts';
import { createModel } from '../model/models.ts';
import { initialParameters, type Parameters } from '../model/parameters.ts';
import { joinTables, TableGradients } from '../training/table-gradients.ts';
import { tiny, tinyBatch } from './tiny.ts';

await init('wasm');
defaultDevice('wasm');
async function plain(tensors: Parameters): Promise<Record<string, object>> {
  const entries = Object.entries(tensors).map(async ([name, tensor]) => {
    const { shape } = tensor;
    return [name, { shape, values: [...(await tensor.ref.data())] }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function describe(given: Partial<ModelConfig>): Promise<object> {
  const config = modelConfig({ ...tiny, ...given });
  const model = createModel(config);
  const parameters = initialParameters(model.specs, 7n);
  const batch = tinyBatch(64, { swapped: config.sentenceOrder });
  const counts = { masked: batch.masked, rows: batch.rows, tokens: batch.tokens };
  const scales = Object.fromEntries(
    model.losses.map(({ name, over, weight }) => [name, weight / counts[over]]),
  );
  const randomness = { seed: 1n, step: 0 };
  const found = await model.gradients(parameters, batch, scales, randomness);
  const tables = new TableGradients(model.tables);
  for (const lookup of found.lookups) tables.add(lookup);
  const means = model.losses.map(({ name, over }) => [name, found.losses[name]! / counts[over]]);
  const { ids, segments, sentences, picked, labels, masked, rows, width, sentenceLabels } = batch;
  const address = { ...randomness, rows, width, firstRow: 0 };
  const dropped = model.passes.map((sites, pass) =>
    dropoutFactors(sites, config, { ...address, pass }).map((factors) => [...factors]),
  );
  const replaced = found.lookups[1]?.batch.ids;
  return {
    config,
    parameters: await plain(parameters),
    gradients: await plain(joinTables(found.gradients, tables.toDevice())),
    losses: Object.fromEntries(means),
    dropped,
    batch: {
      ...{ rows, width, ids: [...ids], segments: [...segments], sentences: [...sentences] },
      positions: [...picked.subarray(0, masked)],
      labels: [...labels.subarray(0, masked)],
      ...(sentenceLabels && { sentenceLabels: [...sentenceLabels] }),
      ...(replaced && { replaced: [...replaced] }),
    },
  };
}

const described = [];
for (const given of process.argv.slice(2)) {
  described.push(await describe(JSON.parse(given) as Partial<ModelConfig>));
}
console.log(JSON.stringify(described));
process.exit(0);
