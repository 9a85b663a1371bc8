import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { findChromium, inChromium, noChromium } from '../support/chromium.ts';
import { run } from '../support/run.ts';
import { type CaseResult, caseNames, runCases, type VectorFiles } from './core.case.js';

const core = fileURLToPath(new URL('../../packages/core/dist', import.meta.url));
const caseFile = fileURLToPath(new URL('core.case.js', import.meta.url));
const vectorFolder = fileURLToPath(new URL('../conformance/vectors', import.meta.url));
const coreUrl = new URL(`file://${core}/index.js`).href;

const vectors: VectorFiles = Object.fromEntries(
  await Promise.all(
    (await readdir(vectorFolder)).map(async (file) => [
      file.replace('.json', ''),
      JSON.parse(await readFile(join(vectorFolder, file), 'utf8')),
    ]),
  ),
);

/** The results of the cases on a runtime, or why there are none. */
type Results = readonly CaseResult[] | { readonly skip: string };

async function inDeno(): Promise<Results> {
  const trainer = createRequire(new URL('../../apps/trainer/package.json', import.meta.url));
  const script = `
    import { runCases } from ${JSON.stringify(caseFile)};
    const vectors = {};
    for (const { name } of Deno.readDirSync(${JSON.stringify(vectorFolder)})) {
      const text = Deno.readTextFileSync(${JSON.stringify(vectorFolder)} + '/' + name);
      vectors[name.replace('.json', '')] = JSON.parse(text);
    }
    console.log(JSON.stringify(await runCases(${JSON.stringify(coreUrl)}, vectors)));`;
  const words = [trainer.resolve('deno/bin.cjs'), 'eval', script];
  const { stdout, stderr } = await run(process.execPath, words);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as CaseResult[];
}

async function inBrowser(): Promise<Results> {
  const chromium = findChromium();
  if (chromium === undefined) return { skip: noChromium };
  const page = `<!doctype html><script type="module">
    import { runCases } from '/core.case.js';
    const send = (body) => fetch('/result', { method: 'POST', body });
    const vectors = await (await fetch('/vectors.json')).json();
    runCases('/core/index.js', vectors).then(
      (results) => send(JSON.stringify(results)), (error) => send(JSON.stringify(String(error))));
  </script>`;
  const results = await inChromium(chromium, async (path) => {
    if (path === '/') return { type: 'text/html', body: page };
    if (path === '/vectors.json') return { type: 'text/json', body: JSON.stringify(vectors) };
    if (!path.endsWith('.js')) return undefined;
    const file = path === '/core.case.js' ? caseFile : join(core, path.replace('/core/', ''));
    return { type: 'text/javascript', body: await readFile(file) };
  });
  return results as CaseResult[];
}

const runtimes: Record<string, () => Promise<Results>> = {
  Node: () => runCases(coreUrl, vectors),
  Deno: inDeno,
  Chromium: inBrowser,
};

describe.each(Object.keys(runtimes))('core in %s', (runtime) => {
  let results: Results;
  beforeAll(async () => {
    results = await runtimes[runtime]!();
  });

  test.for(caseNames(vectors))('%s', (name, { skip }) => {
    if ('skip' in results) return skip(results.skip);
    const result = results.find((one) => one.name === name);
    if (result?.outcome === 'skipped') return skip(result.detail!);
    expect(result).toEqual({ name, outcome: 'passed' });
  });
});
