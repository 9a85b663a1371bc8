import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { maskloom } from '../support/run.ts';
import { writeTinyDataset } from '../support/tiny-dataset.ts';

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-memory-'));
  await writeTinyDataset(at('data'), 2000);
});
afterAll(() => rm(folder, { recursive: true }));

async function run(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await maskloom(...words);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
}

test.each([
  ['global order', []],
  ['windowed order and packed rows', ['--order', 'windowed', '--pack', '128']],
])('--memory changes nothing that is seen, in %s', async (_, options) => {
  const manifest = JSON.parse(await readFile(join(at('data'), 'manifest.json'), 'utf8'));
  const shards: { bytes: number }[] = manifest.shards;
  const quarter = Math.floor(shards.reduce((sum, { bytes }) => sum + bytes, 0) / 4096);
  const memory = ['--memory', `${quarter}K`];
  const data = ['--data', at('data')];
  const plan = ['plan', ...data, ...options, '--batch', '16'];
  expect(await run(...plan, ...memory, '--out', at('plan.json'))).toBe(
    await run(...plan, '--out', at('plan.json')),
  );
  const verify = ['verify', '--plan', at('plan.json'), ...data];
  expect(await run(...verify, ...memory)).toBe(await run(...verify));
});

test('a limit that is none, or too small, is refused in one line', async () => {
  const plan = ['plan', '--data', at('data'), '--batch', '16', '--out', at('other.json')];
  for (const [memory, message] of [
    ['much', /Expected bytes, or a number with K, M, G or T, such as 512M/],
    ['-1', /Expected bytes/],
    ['1K', /memory is 1024, expected at least \d+ bytes.*give more memory, or fewer workers/],
  ] as const) {
    const { code, stderr } = await maskloom(...plan, `--memory=${memory}`);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBeGreaterThan(0);
  }
});
