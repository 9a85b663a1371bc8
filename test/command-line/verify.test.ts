import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bin, maskloom, run } from '../support/run.ts';
import { writeTinyDataset } from '../support/tiny-dataset.ts';

/** Where the npm package deno is installed. */
const trainer = fileURLToPath(new URL('../../apps/trainer', import.meta.url));

let folder: string;
let plan: string;
let data: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-verify-'));
  plan = join(folder, 'plan.json');
  data = ['--data', join(folder, 'data')];
  await writeTinyDataset(join(folder, 'data'), 101);
  await maskloom('plan', ...data, '--out', plan, '--batch', '8');
});
afterAll(() => rm(folder, { recursive: true }));

test('maskloom verify PLAN --epochs prints the digest after each epoch, in Node as in Deno', async () => {
  const words = ['verify', plan, ...data, '--epochs', '0..2'];
  const inNode = await maskloom(...words, '--workers', '1');
  const lines = inNode.stdout.trimEnd().split('\n');
  expect(lines.map((line) => line.replace(/[0-9a-f]{64}/, '…'))).toEqual([
    'plan …',
    'epoch 0 ends with digest …',
    'epoch 1 ends with digest …',
    'steps 24',
    'digest …',
  ]);
  const deno = [bin, ...words, '--workers', '2', '--runtime=deno'];
  const inDeno = await run(process.execPath, deno, trainer);
  expect(inDeno.stdout).toBe(inNode.stdout);
});

test('maskloom verify --step-digests prints a digest for each batch, the same for any ranks', async () => {
  const words = [
    'verify',
    plan,
    ...data,
    '--epoch',
    '3',
    '--step',
    '10',
    '--steps',
    '4',
    '--step-digests',
  ];
  const { stdout } = await maskloom(...words);
  const found = [...stdout.matchAll(/^epoch (\d+) step (\d+) digest [0-9a-f]{64}$/gm)];
  expect(found.map(([, epoch, step]) => `${epoch} ${step}`)).toEqual([
    '3 10',
    '3 11',
    '4 0',
    '4 1',
  ]);
  expect((await maskloom(...words, '--ranks', '4')).stdout).toBe(stdout);
});

test('maskloom verify --trace writes a trace that is JSON', async () => {
  const file = join(folder, 'trace.json');
  await maskloom('verify', plan, ...data, '--steps', '5', '--trace', file);
  const events = JSON.parse(await readFile(file, 'utf8')) as { ph: string; name: string }[];
  expect(events.filter(({ name }) => name.startsWith('wait for'))).toHaveLength(5);
  expect(events.filter(({ name }) => name.startsWith('epoch'))).toHaveLength(5);
});
