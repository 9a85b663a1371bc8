/** @file States and runs in stages, as the specification has them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spanbert, tokenMasking, ul2 } from '@maskloom/core';
import {
  createPlan,
  createStages,
  type PlanOptions,
  planId,
  stagesId,
  stateAfter,
} from '@maskloom/loader';
import { type Dataset, openDataset } from '@maskloom/shards';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { python } from '../python.mjs';
import { maskloom, run } from '../support/run.ts';
import { writeTinyDataset } from '../support/tiny-dataset.ts';

const reference = fileURLToPath(new URL('reference.py', import.meta.url));
const found = python();

let folder: string;
let datasets: readonly [Dataset, Dataset];
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-stages-'));
  await writeTinyDataset(at('short'), 101);
  await writeTinyDataset(at('long'), 60, 2400);
  datasets = [await openDataset(at('short')), await openDataset(at('long'))];
});
afterAll(() => rm(folder, { recursive: true }));

const plan = (options: Partial<PlanOptions> = {}, dataset = datasets[0]) =>
  createPlan({ dataset, strategy: tokenMasking({ rate: 0.15 }), seed: 42n, batch: 8, ...options });

test('Python from the spec alone computes the stream digest of a run in stages', async ({
  skip,
}) => {
  if (found.path === undefined) return skip(found.reason);
  const stages = createStages([
    { plan: plan(), steps: 17 },
    { plan: plan({ batch: 20, last: 'short', strategy: spanbert() }), steps: 9 },
    { plan: plan({ seed: 7, batch: 12 }, datasets[1]), epochs: 2 },
  ]);
  expect(stages.stages[1]!.from).toEqual({ epoch: 1, step: 2 });
  await writeFile(at('stages.json'), JSON.stringify(stages));
  const folders = [at('short'), at('short'), at('long')];
  const theirs = await run(found.path, [reference, 'stages', at('stages.json'), ...folders]);
  const data = ['--data', at('short'), '--data', at('long')];
  const ours = await maskloom('verify', '--stages', at('stages.json'), ...data);
  expect(theirs.stderr + ours.stderr).toBe('');
  expect(ours.stdout).toContain(`stages ${stagesId(stages)}\n`);
  expect(ours.stdout).toContain(`\ndigest ${theirs.stdout.trim()}\n`);
});

test.for<[string, Partial<PlanOptions>]>([
  ['plain', {}],
  ['static', { mode: 'static', copies: 3, order: { type: 'windowed', rows: 16 } }],
  ['with rates', { rates: { over: 'epoch', points: [[0, 0.3]] }, last: 'short' }],
  ['in buckets', { rows: { type: 'buckets', window: 16 }, seed: 2n ** 64n - 1n }],
  ['of denoisers', { strategy: ul2({ sentinels: { first: 2049, count: 47 }, end: 3 }) }],
])('Python from the spec alone writes the same state: %s', async ([, options], { skip }) => {
  if (found.path === undefined) return skip(found.reason);
  const given = plan(options);
  await writeFile(at('plan.json'), JSON.stringify(given));
  const { stdout, stderr } = await run(found.path, [reference, 'state', at('plan.json'), '3', '8']);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual(stateAfter(given, planId(given), { epoch: 3, step: 7 }));
});
