import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '@maskloom/client';
import { tokenMasking } from '@maskloom/core';
import { createLoader, createPlan, StreamDigest, sampleDigests } from '@maskloom/loader';
import { type Dataset, openDataset, sha256, toHex } from '@maskloom/shards';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CaseResult,
  cases,
  type Expected,
  type PoolUnderTest,
  runCases,
  tableSteps,
} from '../conformance/loader.case.ts';
import { findChromium, inChromium, noChromium } from '../support/chromium.ts';
import { denoScript } from '../support/deno.ts';
import { run } from '../support/run.ts';
import { writeTinyDataset } from '../support/tiny-dataset.ts';
import { loaderPool } from './loader-pool.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const faultsFile = here('../../packages/loader/src/testing/faults.js');
/** Milliseconds for all cases of a pool: on a busy machine workers start slowly. */
const patience = 400_000;
const faults = new URL(`file://${faultsFile}`).href;

let folder: string;
let dataset: Dataset;
let expected: Expected;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-pools-'));
  await writeTinyDataset(join(folder, 'data'), 97);
  dataset = await openDataset(join(folder, 'data'));
  const strategy = tokenMasking({ rate: 0.2 });
  const plan = createPlan({ dataset, strategy, seed: 42n, batch: 12, last: 'short' });
  await writeFile(join(folder, 'plan.json'), JSON.stringify(plan));
  await using loader = await createLoader({ plan, dataset, workers: 0 });
  const digest = new StreamDigest(loader.planId);
  const { planId, stepsPerEpoch } = loader;
  const steps: string[] = [];
  for await (const { recordBatch } of loader.batches({ steps: 3 * stepsPerEpoch })) {
    steps.push(toHex(sha256(sampleDigests(recordBatch))));
    if (steps.length <= tableSteps(stepsPerEpoch)) digest.update(recordBatch);
  }
  expected = { plan, planId, stepsPerEpoch, steps, tableDigest: digest.hex() };
});
afterAll(() => rm(folder, { recursive: true }));

/** The results of the cases over a pool, or why there are none. */
type Results = readonly CaseResult[] | { readonly skip: string };

async function inDeno(): Promise<Results> {
  const told = JSON.stringify({ expected, data: join(folder, 'data'), faults });
  const flags = ['run', '--allow-all', '--no-check', '--node-modules-dir=manual'];
  const words = [denoScript, ...flags, here('loader.deno.ts'), told];
  const { code, stdout, stderr } = await run(process.execPath, words, '.', patience);
  if (code !== 0) throw new Error(`Deno ended with exit code ${code}: ${stderr}`);
  return JSON.parse(stdout) as CaseResult[];
}

async function inBrowser(isolated: boolean): Promise<Results> {
  const chromium = findChromium();
  if (chromium === undefined) return { skip: noChromium };
  const worker = here('../../packages/loader/dist/pools/web-worker-entry.js');
  const bundle = await build({
    entryPoints: { main: here('loader.browser.ts'), 'web-worker-entry': worker },
    bundle: true,
    format: 'esm',
    target: 'esnext',
    outdir: folder,
    write: false,
    logLevel: 'silent',
  });
  const scripts = new Map(
    bundle.outputFiles.map(({ path, contents }) => [path.slice(folder.length), contents]),
  );
  const results = await inChromium(
    chromium,
    async (path) => {
      const script = path === '/faults.js' ? await readFile(faultsFile) : scripts.get(path);
      if (script !== undefined) return { type: 'text/javascript', body: script };
      if (path === '/') {
        const body = '<!doctype html><script type="module" src="/main.js"></script>';
        return { type: 'text/html', body };
      }
      const [, name] = /^\/data\/([\w.-]+)$/.exec(path) ?? [];
      if (name !== undefined) {
        const body = await readFile(join(folder, 'data', name));
        return { type: 'application/octet-stream', body };
      }
      if (path !== '/run.json') return undefined;
      const told = { expected, data: '/data', faults: '/faults.js' };
      return { type: 'text/json', body: JSON.stringify(told) };
    },
    isolated,
  );
  if (typeof results === 'string') throw new Error(results);
  return results as CaseResult[];
}

const noWorkers = 'limit: it has no workers';
const ownWorkers = 'limit: a client starts no workers; the sidecar’s are Node threads';
const clientStreams = 'limit: a client reads streams into memory of its own';

async function inSidecar(): Promise<Results> {
  const bin = here('../../apps/loader/bin/maskloom.js');
  const words = [
    '--plan',
    join(folder, 'plan.json'),
    '--data',
    join(folder, 'data'),
    '--port',
    '0',
  ];
  const sidecar = spawn(process.execPath, [bin, 'serve', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const url = await listening(sidecar);
    const pool: PoolUnderTest = {
      name: 'a client of a sidecar',
      workers: [2],
      memory: 'unshared',
      lacks: {
        workers: ownWorkers,
        ring: clientStreams,
      },
      async open() {
        const client = await connect(url);
        return {
          async *batches({ layout, prefetch: _, digest: __, ...options }) {
            const named = typeof layout === 'string' ? { layout } : {};
            for await (const { batch, ...rest } of client.batches({ ...options, ...named })) {
              yield { ...rest, recordBatch: batch };
            }
          },
          close: async () => {},
        };
      },
    };
    return await runCases(pool, expected);
  } finally {
    sidecar.kill();
  }
}

function listening(sidecar: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    sidecar.once('exit', (code) => reject(new Error(`The sidecar ended with exit code ${code}`)));
    sidecar.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const [, url] = /listening on (\S+),/.exec(text) ?? [];
      if (url !== undefined) resolve(url);
    });
  });
}

const node = (name: string, workers: number[], rest: Pick<PoolUnderTest, 'memory' | 'lacks'>) =>
  runCases(loaderPool({ name, plan: expected.plan, dataset, faults, workers, ...rest }), expected);

const pools: Record<string, () => Promise<Results>> = {
  'the calling thread': () =>
    node('the calling thread', [0], { memory: 'unshared', lacks: { workers: noWorkers } }),
  'Node threads': () => node('Node threads', [1, 2, 3, 8], { memory: 'shared', lacks: {} }),
  'Web Workers in Deno': inDeno,
  'Web Workers in Chromium, isolated': () => inBrowser(true),
  'Web Workers in Chromium, not isolated': () => inBrowser(false),
  'a client of a sidecar': inSidecar,
};

describe.each(Object.keys(pools))('batches from %s', (name) => {
  let results: Results;
  beforeAll(async () => {
    results = await pools[name]!();
  }, patience);

  test.for(cases.map((one) => one.name))('%s', (name, { skip }) => {
    if ('skip' in results) return skip(results.skip);
    const result = results.find((one) => one.name === name);
    if (result?.outcome === 'skipped') return skip(result.detail!);
    expect(result).toEqual({ name, outcome: 'passed' });
  });
});
