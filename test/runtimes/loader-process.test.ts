import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tokenMasking } from '@maskloom/core';
import { createLoader, createPlan, type Plan, type State, sampleDigests } from '@maskloom/loader';
import { openDataset, sha256, toHex } from '@maskloom/shards';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, run } from '../support/run.ts';
import { writeTinyDataset } from '../support/tiny-dataset.ts';

const script = fileURLToPath(new URL('consume.mjs', import.meta.url));
const faultsModule = new URL('../../packages/loader/src/testing/faults.js', import.meta.url).href;
const trainer = createRequire(new URL('../../apps/trainer/package.json', import.meta.url));
const runtimes: Record<string, readonly string[]> = {
  Node: [],
  Deno: [trainer.resolve('deno/bin.cjs'), 'run', '--allow-all', '--node-modules-dir=manual'],
};

let folder: string;
let data: string;
let plan: Plan;
let expected: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-process-'));
  data = join(folder, 'data');
  await writeTinyDataset(data, 97);
  const dataset = await openDataset(data);
  const strategy = tokenMasking({ rate: 0.2 });
  plan = createPlan({ dataset, strategy, seed: 42n, batch: 12, last: 'short' });
  await using loader = await createLoader({ plan, dataset, workers: 0 });
  expected = [];
  for await (const { recordBatch } of loader.batches({ steps: 20 })) {
    expected.push(toHex(sha256(sampleDigests(recordBatch))));
  }
});
afterAll(() => rm(folder, { recursive: true }));

interface Consumed extends Ended {
  readonly steps: readonly string[];
  readonly state: State | undefined;
  /** Milliseconds from its last line to its end. */
  readonly lingered: number;
}

async function consume(
  runtime: string,
  options: object,
  flags: readonly string[] = [],
): Promise<Consumed> {
  const told = JSON.stringify({ data, plan, faultsModule, ...options });
  const ended = await run(process.execPath, [...runtimes[runtime]!, ...flags, script, told]);
  const now = Date.now();
  const lines = ended.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  const steps = lines.filter((line) => Array.isArray(line)) as [string, State][];
  const time = lines.find((line) => typeof line === 'number') as number | undefined;
  const lingered = time === undefined ? Number.NaN : now - time;
  return { ...ended, steps: steps.map(([step]) => step), state: steps.at(-1)?.[1], lingered };
}

describe('nothing keeps a process alive', () => {
  test.each([
    ['Node', 'loader that was never used', { steps: 0, leave: 'nothing' }],
    ['Node', 'stream that nobody reads on', { steps: 3, leave: 'nothing' }],
    ['Node', 'stream that was left', { steps: 3, leave: 'return' }],
    ['Node', 'stream that was aborted', { steps: 3, leave: 'abort' }],
    ['Node', 'loader that was closed', { steps: 3, leave: 'close' }],
    // Deno has no worker that does not keep its process alive: there a loader is closed.
    ['Deno', 'loader that was closed', { steps: 3, leave: 'close' }],
  ])('in %s: a %s', async (runtime, _what, options) => {
    const { code, stderr, steps, lingered } = await consume(runtime, options);
    expect([code, stderr]).toEqual([0, '']);
    expect(steps).toEqual(expected.slice(0, options.steps));
    expect(lingered).toBeLessThan(5000);
  });
});

test('a loader that is closed when told that a worker hangs ends all of them, though another hangs as well', async () => {
  const fault = [2, 3].map((step) => ({ kind: 'sleeps', step }));
  const options = { steps: 8, leave: 'close at a failure', fault };
  const { code, stderr, steps, lingered } = await consume('Node', options);
  expect([code, stderr]).toEqual([0, '']);
  expect(steps).toEqual(expected.slice(0, 2));
  expect(lingered).toBeLessThan(5000);
});

test('a worker that fails is logged with its own stack, unless somebody listens', async () => {
  const fault = { kind: 'throws outside of the task', step: 2 };
  const { code, stderr, steps } = await consume('Node', { steps: 8, leave: 'close', fault });
  expect(code).toBe(0);
  expect(steps).toEqual(expected.slice(0, 8));
  expect(stderr).toMatch(
    /^WorkerError: Worker \d crashed \(Error: a fault .*\), computing epoch 0, step 2\n/,
  );
  expect(stderr).toMatch(/at .*throwFault .*testing\/faults\.js/);
  expect(stderr).toContain('(failure 1 in a row; another computes its batch)');
});

test('in Deno a worker out of memory ends the process; a restart from the state goes on as if nothing had been', async () => {
  const fault = { kind: 'runs out of memory', step: 6 };
  const little = ['--v8-flags=--max-old-space-size=64'];
  const first = await consume('Deno', { steps: 20, leave: 'close', fault }, little);
  expect(first.code).not.toBe(0);
  expect(first.stderr).toContain('out of memory');
  expect(first.steps.length).toBeGreaterThan(0);
  expect(first.steps.length).toBeLessThan(7);
  const left = 20 - first.steps.length;
  const second = await consume('Deno', { from: first.state, steps: left, leave: 'close' });
  expect(second.code).toBe(0);
  expect([...first.steps, ...second.steps]).toEqual(expected);
});
