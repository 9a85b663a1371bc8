import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDraft, makeFolders } from './draft.ts';

let folder: string;
const at = (...path: string[]) => join(folder, ...path);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-draft-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('a draft', () => {
  test('is not there until it is kept, and then whole', async () => {
    await writeFile(at('file'), 'old');
    const draft = await createDraft(at('file'), 'file');
    await writeFile(draft.path, 'new');
    expect(await readFile(at('file'), 'utf8')).toBe('old');
    draft.keep();
    expect(await readFile(at('file'), 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('takes the folders that were made for it with it, but none with other things in it', async () => {
    const [one, two] = [
      await createDraft(at('a', 'b', 'one'), 'folder'),
      await createDraft(at('a', 'c', 'two'), 'folder'),
    ];
    await writeFile(join(one.path, 'shard'), 'half');
    await one.discard();
    expect(await readdir(at('a'))).toEqual(['c']);
    two.keep();
    expect(await readdir(at('a', 'c'))).toEqual(['two']);
  });

  test.each([
    ['below a file', () => at('file', 'below', 'data'), /file\/below.*ENOTDIR|file is no folder/],
    ['named as nothing', () => '', /the name is empty/],
    // Node's recursive mkdir() would not return.
    ['where the system lets nobody write', () => '/proc/maskloom/data', /\/proc\/maskloom.*ENOENT/],
  ])('is refused %s', async (_, place, message) => {
    await writeFile(at('file'), '');
    for (const kind of ['file', 'folder'] as const) {
      const job = createDraft(place(), kind);
      await expect(job).rejects.toThrow(message);
      await expect(job).rejects.toMatchObject({ code: 'OUTPUT' });
    }
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('is refused as a file in the place of a folder', async () => {
    await expect(createDraft(folder, 'file')).rejects.toThrow(/a folder has that name/);
  });

  test('made twice at once makes the folders above once', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => makeFolders(at('x', 'y', 'z'))));
    expect(made.flat().sort()).toEqual([at('x'), at('x', 'y'), at('x', 'y', 'z')]);
  });
});

/** Runs a script that has a draft in hand; when it has printed "ready", sends it a signal. */
async function endBy(signal: NodeJS.Signals, script: string) {
  const draft = `
    import { writeFileSync } from 'node:fs';
    import { createDraft } from '@maskloom/shards';
    const draft = await createDraft(${JSON.stringify(at('made', 'data'))}, 'folder');
    writeFileSync(draft.path + '/shard', 'half');
    setInterval(() => {}, 1000);
    ${script}
    console.log('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', draft], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.once('data', () => child.kill(signal));
  return new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('close', (code, by) => resolve([code, by]));
  });
}

describe('a draft of a process that ends', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('by %s is removed', async (signal) => {
    expect(await endBy(signal, '')).toEqual([null, signal]);
    expect(await readdir(folder)).toEqual([]);
  });

  test('by process.exit() is removed', async () => {
    const leaving = `setTimeout(() => process.exit(3), 10);`;
    expect(await endBy('SIGCONT', leaving)).toEqual([3, null]);
    expect(await readdir(folder)).toEqual([]);
  });

  test('stays with a process that handles the signal itself, until that ends', async () => {
    const handler = `process.on('SIGINT', () => { draft.keep(); process.exit(0); });`;
    expect(await endBy('SIGINT', handler)).toEqual([0, null]);
    expect(existsSync(at('made', 'data', 'shard'))).toBe(true);
  });

  test('by SIGKILL is left, in the way of nobody', async () => {
    expect(await endBy('SIGKILL', '')).toEqual([null, 'SIGKILL']);
    const [left] = await readdir(at('made'));
    expect(left).toMatch(/^data\.[0-9a-f]{12}\.tmp$/);
    (await createDraft(at('made', 'data'), 'folder')).keep();
    expect(await readdir(at('made'))).toContain('data');
  });
});
