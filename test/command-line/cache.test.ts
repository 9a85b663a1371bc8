import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { maskloom } from '../support/run.ts';
import { writeTinyDataset } from '../support/tiny-dataset.ts';

let folder: string;
const at = (name: string) => join(folder, name);
const plan = (mode: string, ...more: string[]) =>
  maskloom(
    ...['plan', '--data', at('data'), '--out', at(`${mode}.json`), '--batch', '20'],
    ...['--mode', mode, '--strategy', 'bert-whole-word', ...more],
  );
const verify = (mode: string, ...more: string[]) =>
  maskloom('verify', '--plan', at(`${mode}.json`), '--data', at('data'), ...more);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-cache-command-'));
  await writeTinyDataset(at('data'), 300);
  expect(await plan('static', '--copies', '2')).toMatchObject({ code: 0 });
  expect(await plan('dynamic')).toMatchObject({ code: 0 });
});
afterAll(() => rm(folder, { recursive: true }));

test('maskloom verify --cache prints the same, reads what an earlier run masked; maskloom cache looks after it', async () => {
  const steps = ['--steps', '60'];
  const without = await verify('static', ...steps);
  const first = await verify('static', ...steps, '--cache', at('masks'), '--cache-size', '64M');
  const second = await verify('static', ...steps, '--cache', at('masks'), '--workers', '0');
  for (const { code, stdout } of [first, second])
    expect([code, stdout]).toEqual([0, without.stdout]);
  expect(first.stderr).toBe('600 samples masked, 600 read from the cache\n');
  expect(second.stderr).toBe('0 samples masked, 1200 read from the cache\n');

  const listed = await maskloom('cache', 'ls', at('masks'));
  expect(listed.code).toBe(0);
  expect(listed.stdout).toMatch(/seed 42, strategy \{.*"units"/);
  expect(listed.stdout).toMatch(/copies 0, 1: 600 masked samples/);
  expect(listed.stdout).toMatch(/1 kind of masks, 2 entries, \d+ bytes/);
  const whole = await maskloom('cache', 'verify', at('masks'));
  expect(whole).toMatchObject({ code: 0, stderr: '' });
  expect(whole.stdout).toMatch(/^2 entries whole, \d+ bytes; 0 torn or altered\n$/);

  const names = await readdir(at('masks'), { recursive: true });
  const entry = join(at('masks'), names.find((name) => name.endsWith('.arrow'))!);
  const bytes = await readFile(entry);
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(entry, bytes);
  const torn = await maskloom('cache', 'verify', at('masks'));
  expect(torn.code).toBe(1);
  expect(torn.stderr).toContain(entry);
  expect(torn.stdout).toMatch(/^1 entry whole, \d+ bytes; 1 torn or altered\n$/);

  const repaired = await verify('static', ...steps, '--cache', at('masks'));
  expect([repaired.code, repaired.stdout]).toEqual([0, without.stdout]);
  expect(repaired.stderr).toContain('300 samples masked, 900 read from the cache\n');
  expect(repaired.stderr).toContain(`Cache entry ${entry}: found `);

  const pruned = await maskloom('cache', 'prune', at('masks'), '--size', '0');
  expect(pruned.code).toBe(0);
  expect(pruned.stdout).toMatch(/^removed 0 torn or altered, 0 unfinished, 2 used longest ago/);
  expect((await maskloom('cache', 'ls', at('masks'))).stdout).toBe(
    '0 kinds of masks, 0 entries, 0 bytes\n',
  );
});

test('bad input ends with one line that says what to do', async () => {
  const dynamic = await verify('dynamic', '--cache', at('other'));
  expect(dynamic).toMatchObject({ code: 1, stdout: '' });
  expect(dynamic.stderr).toMatch(
    /^maskloom: --cache is .*expected none for a plan in dynamic mode.*\n$/,
  );
  const size = await verify('static', '--cache-size', '1G');
  expect(size).toMatchObject({ code: 1, stdout: '' });
  expect(size.stderr).toMatch(
    /^maskloom: --cache-size is 1073741824, expected a folder with --cache.*\n$/,
  );
  const missing = await maskloom('cache', 'ls', at('nowhere'));
  expect(missing).toMatchObject({ code: 1, stdout: '' });
  expect(missing.stderr).toMatch(/nowhere: no such file or folder/);
});
