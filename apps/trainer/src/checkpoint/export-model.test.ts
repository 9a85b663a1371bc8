import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inFolder } from '../testing/in-folder.ts';
import { saveModel } from '../testing/save-model.ts';
import { exportModel } from './export-model.ts';

function testFolder(name: string, run: (folder: string) => Promise<void>): void {
  Deno.test(name, () => inFolder(run));
}

const names = async (folder: string): Promise<string[]> => (await readdir(folder)).sort();
const model = ['config.json', 'model.safetensors'];

testFolder(
  'each exported folder has the tokenizer, and nothing of the training',
  async (folder) => {
    const electra = { architecture: 'electra', embedding: 8 } as const;
    const checkpoint = await saveModel(join(folder, 'checkpoints'), electra);
    const tokenizer = ['tokenizer.json', 'tokenizer_config.json'];
    for (const name of tokenizer) await writeFile(join(checkpoint, name), '{}');
    const out = join(folder, 'out');
    await exportModel(checkpoint, out);
    assert.deepEqual(await names(out), [
      'config.json',
      'generator',
      ...model.slice(1),
      ...tokenizer,
    ]);
    assert.deepEqual(await names(join(out, 'generator')), [...model, ...tokenizer]);
  },
);

testFolder('a folder with something in it is not written to', async (folder) => {
  const checkpoint = await saveModel(join(folder, 'checkpoints'), {});
  const out = join(folder, 'out');
  await mkdir(out);
  await exportModel(checkpoint, out);
  assert.deepEqual(await names(out), model);
  await assert.rejects(
    exportModel(checkpoint, out),
    /is there already, expected a new or an empty/,
  );
});
