import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeOnce } from './make-once.ts';

let parent = '';
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'maskloom-make-once-'));
});
afterEach(() => rm(parent, { recursive: true }));

const write = (text: string) => (folder: string) => writeFile(join(folder, 'file'), text);

test('makeOnce() makes a folder once', async () => {
  const folder = join(parent, 'deep', 'made');
  expect(await makeOnce(folder, write('first'))).toBe(true);
  expect(await makeOnce(folder, write('second'))).toBe(false);
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('first');
  expect(await readdir(join(parent, 'deep'))).toEqual(['made']);
});

test('makeOnce() leaves nothing when making fails', async () => {
  const attempt = makeOnce(join(parent, 'made'), async (folder) => {
    await write('half')(folder);
    throw new Error('no more');
  });
  await expect(attempt).rejects.toThrow('no more');
  expect(await readdir(parent)).toEqual([]);
});

test('makeOnce() takes what another run made meanwhile', async () => {
  const folder = join(parent, 'made');
  const made = await makeOnce(folder, async (temporary) => {
    await write('mine')(temporary);
    // What a run in another process would do: its temporary folder has another name.
    const { mkdir } = await import('node:fs/promises');
    await mkdir(folder);
    await write('theirs')(folder);
  });
  expect(made).toBe(false);
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('theirs');
  expect(await readdir(parent)).toEqual(['made']);
});
