import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tokenMasking } from '@maskloom/core';
import { createLoader, createPlan, createStages } from '@maskloom/loader';
import { openDataset } from '@maskloom/shards';
import { serve, serveStages } from 'maskloom';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { maskloom, run } from '../support/run.ts';
import { writeTinyDataset } from '../support/tiny-dataset.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const trainer = createRequire(join(root, 'apps/trainer/package.json'));
const deno = trainer.resolve('deno/bin.cjs');

/** The code blocks behind `@example`, and those of a page marked ```ts. */
async function examplesOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8');
  if (file.endsWith('.md'))
    return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code]) => code!);
  return [...text.matchAll(/@example[^\n]*\n\s*\* ```ts\n([\s\S]*?)\s*\* ```/g)].map(([, code]) =>
    code!.replaceAll(/^\s*\* ?/gm, ''),
  );
}

const files = (await readdir(join(root, 'packages'), { recursive: true }))
  .filter((file) => /\/src\/.*\.ts$/.test(file) && !/node_modules|\.test\.ts$/.test(file))
  .map((file) => join('packages', file));
const examples = (
  await Promise.all(
    [...files, 'README.md'].sort().map(async (file) => {
      const found = await examplesOf(join(root, file));
      return found.map((code, index): [string, string] => [`${file} ${index + 1}`, code]);
    }),
  )
).flat();

let folder: string;
let url: string;
let stagesUrl: string;
let stop: () => Promise<void>;
beforeAll(async () => {
  // Below the test package, so that examples find the packages they import.
  folder = await mkdtemp(join(root, 'test/.examples-'));
  await writeTinyDataset(join(folder, 'data/sotu'), 300);
  await mkdir(join(folder, 'texts'));
  await writeFile(join(folder, 'texts/a.txt'), 'The state of the union is strong. '.repeat(20));
  const words = ['tokenizer', 'train', join(folder, 'texts'), '--vocab-size', '60'];
  expect(await maskloom(...words, '--out', join(folder, 'trained'))).toMatchObject({ code: 0 });
  await symlink('trained', join(folder, 'tokenizer'));
  const dataset = await openDataset(join(folder, 'data/sotu'));
  const plan = createPlan({ dataset, strategy: tokenMasking({ rate: 0.15 }), seed: 42n, batch: 8 });
  const loader = await createLoader({ plan, dataset, workers: 1 });
  const sidecar = await serve({ loader, manifest: dataset.manifest });
  url = sidecar.url;
  const stages = createStages([
    { plan, steps: 3 },
    { plan, steps: 2 },
  ]);
  const open = async () => ({
    loader: await createLoader({ plan, dataset, workers: 0 }),
    manifest: dataset.manifest,
  });
  const stagesSidecar = await serveStages({ stages, open });
  stagesUrl = stagesSidecar.url;
  stop = async () => {
    await sidecar.close();
    await stagesSidecar.close();
    await loader.close();
  };
});
afterAll(async () => {
  await stop?.();
  await rm(folder, { recursive: true, force: true });
});

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(15);
});

test.for(examples)('the example runs: %s', async ([name, code]) => {
  if (name.includes('train-tokenizer')) await rm(join(folder, 'tokenizer'), { force: true });
  const file = join(folder, `${name.replaceAll(/\W+/g, '-')}.ts`);
  // The ports of examples may be taken on this machine.
  const here = code
    .replaceAll('http://127.0.0.1:4300', url)
    .replaceAll('http://127.0.0.1:4301', stagesUrl);
  await writeFile(file, here);
  const words = ['run', '--allow-all', '--no-check', '--node-modules-dir=manual', file];
  const { code: exit, stderr } = await run(process.execPath, [deno, ...words], folder);
  expect(stderr).toBe('');
  expect(exit).toBe(0);
});
