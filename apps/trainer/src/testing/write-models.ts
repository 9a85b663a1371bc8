/**
 * @file Writes checkpoints of tiny models that know nothing, with the folders that transformers should load:
 * `write-models.ts FOLDER '{"architecture":"bert"}' …` prints these folders as JSON. Of an ELECTRA, its generator is exported.
 */
import { join } from 'node:path';
import process from 'node:process';
import { exportModel } from '../checkpoint/export-model.ts';
import type { ModelConfig } from '../model/config.ts';
import { saveModel } from './save-model.ts';

async function writeModel(folder: string, given: Partial<ModelConfig>): Promise<string[]> {
  const written = await saveModel(folder, given);
  if (given.architecture !== 'electra') return [written];
  const exported = join(folder, 'exported');
  await exportModel(written, exported);
  return [written, join(exported, 'generator')];
}

const [folder, ...models] = process.argv.slice(2) as [string, ...string[]];
const written: string[] = [];
for (const [index, given] of models.entries()) {
  written.push(...(await writeModel(join(folder, String(index)), JSON.parse(given))));
}
console.log(JSON.stringify(written));
