/** @file Orders, rows and mixtures on the command line. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { maskloom } from '../support/run.ts';
import { writeTinyDataset } from '../support/tiny-dataset.ts';

let folder: string;
const at = (...path: string[]) => join(folder, ...path);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-batching-'));
  await writeTinyDataset(at('data'), 200);
  await writeTinyDataset(at('other'), 90);
});
afterAll(() => rm(folder, { recursive: true }));

async function make(...words: string[]): Promise<Record<string, unknown>> {
  const ended = await maskloom('plan', ...words, '--batch', '8', '--out', at('plan.json'));
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(await readFile(at('plan.json'), 'utf8')) as Record<string, unknown>;
}

test.each([
  [['--order', 'windowed', '--window', '64'], { order: { type: 'windowed', rows: 64 } }],
  [['--order', 'windowed'], { order: { type: 'windowed', rows: 16384 } }],
  [
    ['--pack', '128'],
    { rows: { type: 'packed', length: 128, window: 16384, units: [expect.any(Number)] } },
  ],
  [['--buckets', '--window', '80'], { rows: { type: 'buckets', window: 80 } }],
  [
    ['--max-tokens', '400'],
    {
      last: 'short',
      rows: { type: 'tokens', max: 400, window: 16384, units: [expect.any(Number)] },
    },
  ],
  [
    ['--order', 'windowed', '--pack', '128', '--window', '64', '--last', 'fill'],
    {
      order: { type: 'windowed', rows: 64 },
      rows: { type: 'packed', length: 128, window: 64, units: [expect.any(Number)] },
      last: 'fill',
    },
  ],
])(
  'maskloom plan %j makes such a plan, and two epochs of any ranks verify alike',
  async (words, expected) => {
    expect(await make('--data', at('data'), ...words)).toMatchObject(expected);
    const verify = ['verify', '--plan', at('plan.json'), '--data', at('data'), '--steps', '60'];
    verify.push('--indexes', at('indexes'));
    const one = await maskloom(...verify, '--workers', '0');
    const four = await maskloom(...verify, '--ranks', '4');
    expect(one).toMatchObject({ code: 0, stderr: '' });
    expect(four.stdout).toBe(one.stdout);
  },
);

test('a mixture is made with weights, and verified with its datasets in any order', async () => {
  const plan = await make('--data', `${at('data')}=3`, '--data', `${at('other')}=1`);
  expect(plan['datasets']).toMatchObject([
    { rows: 200, base: '0', weight: 3 },
    { rows: 90, base: '200', weight: 1 },
  ]);
  const verify = (...data: string[]) =>
    maskloom('verify', '--plan', at('plan.json'), ...data.flatMap((name) => ['--data', at(name)]));
  const found = await verify('data', 'other');
  expect(found).toMatchObject({ code: 0, stderr: '' });
  expect(await verify('other', 'data')).toEqual(found);
  expect((await verify('data')).stderr).toMatch(/The plan names dataset/);
});

test('an index is kept where it is told to be', async () => {
  await make('--data', at('data'), '--pack', '100');
  const verify = ['verify', '--plan', at('plan.json'), '--data', at('data'), '--steps', '1'];
  await maskloom(...verify, '--indexes', at('kept'));
  expect(await readdir(at('kept'))).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.index$/)]);
});

describe('maskloom plan refuses', () => {
  test.each([
    [['--pack', '128', '--buckets'], /rows is "packed and buckets", expected one of --pack/],
    [['--window', '64'], /--window is 64, expected none without/],
    [['--pack', '30'], /rows\.length is 30, expected at least 60/],
    [
      ['--pack', '128', '--sentence-order', '--strategy', 'albert'],
      /rows\.type is "packed", expected "buckets" or "tokens"/,
    ],
    [['--max-tokens', '400', '--last', 'drop'], /last is "drop", expected "short"/],
  ])('%j', async (words, message) => {
    const out = at('refused.json');
    const ended = await maskloom('plan', '--data', at('data'), ...words, '--out', out);
    expect(ended.stderr).toMatch(message);
    expect(ended.code).toBeGreaterThan(0);
    await expect(readFile(out)).rejects.toThrow('ENOENT');
  });

  test('weights where there are none to give, or some missing', async () => {
    const plan = (...data: string[]) =>
      maskloom('plan', ...data.flatMap((text) => ['--data', text]), '--out', at('refused.json'));
    expect((await plan(`${at('data')}=3`)).stderr).toMatch(/no weight for a dataset by itself/);
    expect((await plan(at('data'), `${at('other')}=2`)).stderr).toMatch(
      /a weight for each dataset/,
    );
    expect((await plan(`${at('data')}=0`, `${at('other')}=2`)).stderr).toMatch(/weight is 0/);
  });
});
