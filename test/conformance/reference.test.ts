import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  albert,
  bertWholeWord,
  sentenceOrder,
  spanbert,
  t5,
  tokenMasking,
  ul2,
  unigramWords,
} from '@maskloom/core';
import { createPlan, type PlanOptions } from '@maskloom/loader';
import { openDataset } from '@maskloom/shards';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { python } from '../python.mjs';
import { maskloom, run } from '../support/run.ts';
import { writeTinyDataset } from '../support/tiny-dataset.ts';

const reference = fileURLToPath(new URL('reference.py', import.meta.url));
const found = python();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-conformance-'));
  await writeTinyDataset(join(folder, 'data'), 301);
  await writeTinyDataset(join(folder, 'other'), 40);
  await writeTinyDataset(join(folder, 'third'), 150);
});
afterAll(() => rm(folder, { recursive: true }));

const sentinels = { first: 2049, count: 50 };
const plans: [string, Partial<PlanOptions>, string[]][] = [
  ['dynamic', {}, []],
  ['static with copies', { mode: 'static', copies: 2, last: 'short', seed: 2n ** 64n - 1n }, []],
  [
    'without keep, filling the last batch',
    { strategy: tokenMasking({ rate: 0.4, mask: 0.5, random: 0.5, keep: 0 }), last: 'fill' },
    [],
  ],
  ['sentence order', { strategy: sentenceOrder(albert()), last: 'short' }, []],
  ['units of a column', { strategy: bertWholeWord({ unit: 'column' }), last: 'short' }, []],
  [
    'sentence order over spans of a column',
    { strategy: sentenceOrder(spanbert({ unit: 'column', rate: 0.4 })) },
    [],
  ],
  [
    'random words from the unigram distribution',
    { strategy: tokenMasking({ rate: 0.3, randomWords: unigramWords }) },
    [],
  ],
  ['spans', { strategy: spanbert({ rate: 0.3 }), last: 'short' }, []],
  [
    'rates over steps',
    {
      rates: {
        over: 'step',
        points: [
          [3, 0.9],
          [40, 0.1],
          [50, 0.5],
        ],
      },
      last: 'short',
    },
    [],
  ],
  [
    'spans at rates over epochs',
    {
      strategy: spanbert(),
      rates: {
        over: 'epoch',
        points: [
          [0, 0.05],
          [3, 0.6],
        ],
      },
    },
    [],
  ],
  ['span corruption', { strategy: t5({ sentinels, end: 3 }), last: 'short' }, []],
  [
    'span corruption in static mode',
    {
      strategy: t5({ sentinels, rate: 0.35, meanLength: 1.7 }),
      mode: 'static',
      copies: 3,
      seed: 2n ** 64n - 1n,
    },
    [],
  ],
  [
    'span corruption at rates over steps',
    {
      strategy: t5({ sentinels, end: 3 }),
      rates: {
        over: 'step',
        points: [
          [3, 0.6],
          [40, 0],
          [50, 0.5],
        ],
      },
      last: 'fill',
    },
    [],
  ],
  [
    'a mixture of denoisers',
    {
      strategy: ul2({
        sentinels: { first: 2049, count: 47 },
        end: 3,
        modes: { r: 2000, s: 2001, x: 2002 },
      }),
      last: 'short',
    },
    ['1', '20'],
  ],
  ['windowed order', { order: { type: 'windowed', rows: 50 }, last: 'short' }, []],
  ['windowed order, filled', { order: { type: 'windowed', rows: 7 }, last: 'fill' }, ['3', '5']],
  ['packed rows', { rows: { type: 'packed', length: 100, window: 90 }, last: 'short' }, []],
  [
    'packed rows in static mode, in windows of the order',
    {
      order: { type: 'windowed', rows: 64 },
      rows: { type: 'packed', length: 128, window: 64 },
      mode: 'static',
      copies: 2,
      last: 'fill',
      seed: 2n ** 64n - 1n,
    },
    [],
  ],
  ['packed rows, sequential', { order: 'sequential', rows: { type: 'packed', length: 70 } }, []],
  ['buckets', { rows: { type: 'buckets', window: 80 } }, []],
  ['buckets, short', { rows: { type: 'buckets', window: 24 }, last: 'short' }, []],
  ['buckets, filled', { rows: { type: 'buckets' }, last: 'fill' }, []],
  ['batches by tokens', { rows: { type: 'tokens', max: 300, window: 100 } }, ['2', '3']],
  [
    'span corruption in batches by tokens',
    { strategy: t5({ sentinels, end: 3 }), rows: { type: 'tokens', max: 200 } },
    [],
  ],
  ['sequential, from the middle of an epoch', { order: 'sequential', seed: 0 }, ['1', '20']],
];

const mixtures: [string, Partial<PlanOptions>, string[]][] = [
  ['samples', {}, []],
  ['windowed order', { order: { type: 'windowed', rows: 40 } }, ['5', '7']],
  ['packed rows', { rows: { type: 'packed', length: 100, window: 90 } }, ['1', '3']],
  ['buckets', { rows: { type: 'buckets', window: 40 } }, []],
  ['batches by tokens', { rows: { type: 'tokens', max: 300, window: 100 } }, []],
  [
    'random words from the counts of all',
    { strategy: tokenMasking({ rate: 0.3, randomWords: unigramWords }), mode: 'static', copies: 3 },
    [],
  ],
  ['spans', { strategy: sentenceOrder(spanbert()) }, []],
];

test.for(plans)(
  'a reimplementation in Python from the spec alone gets the same digest: %s',
  async ([, options, [epoch = '0', step = '0']], { skip }) => {
    if (found.path === undefined) return skip(found.reason);
    const dataset = await openDataset(join(folder, 'data'));
    const strategy = tokenMasking({ rate: 0.15 });
    const plan = createPlan({ dataset, strategy, seed: 42n, batch: 8, ...options });
    const file = join(folder, 'plan.json');
    await writeFile(file, JSON.stringify(plan));
    const words = [reference, 'stream', file, join(folder, 'data'), '60', epoch, step];
    const theirs = await run(found.path, words);
    const where = ['--epoch', epoch, '--step', step, '--steps', '60', '--workers', '2'];
    where.push('--indexes', join(folder, 'indexes'));
    const ours = await maskloom('verify', '--plan', file, '--data', join(folder, 'data'), ...where);
    expect(theirs.stderr + ours.stderr).toBe('');
    expect(ours.stdout).toContain(`digest ${theirs.stdout.trim()}\n`);
  },
);

test.for(mixtures)(
  'and of a mixture: %s',
  async ([, options, [epoch = '0', step = '0']], { skip }) => {
    if (found.path === undefined) return skip(found.reason);
    const folders = ['data', 'other', 'third'].map((name) => join(folder, name));
    const datasets = await Promise.all(folders.map((path) => openDataset(path)));
    const weighted = datasets.map((dataset, number) => ({ dataset, weight: [5, 1, 3][number]! }));
    const strategy = tokenMasking({ rate: 0.15 });
    const plan = createPlan({ datasets: weighted, strategy, seed: 42n, batch: 8, ...options });
    const file = join(folder, 'mixture.json');
    await writeFile(file, JSON.stringify(plan));
    const words = [reference, 'stream', file, folders.join(), '60', epoch, step];
    const theirs = await run(found.path, words);
    const where = ['--epoch', epoch, '--step', step, '--steps', '60', '--workers', '2'];
    where.push('--indexes', join(folder, 'indexes'));
    const data = folders.flatMap((path) => ['--data', path]);
    const ours = await maskloom('verify', '--plan', file, ...data, ...where);
    expect(theirs.stderr + ours.stderr).toBe('');
    expect(ours.stdout).toContain(`digest ${theirs.stdout.trim()}\n`);
  },
);
