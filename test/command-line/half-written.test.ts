import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bin, maskloom } from '../support/run.ts';

let folder: string;
const at = (...path: string[]) => join(folder, ...path);
const encode = () => [
  ...['encode', at('long.txt'), at('short.txt'), '--tokenizer', at('tokenizer')],
  ...['--out', at('made', 'data'), '--holdout', '0.5'],
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-half-written-'));
  const words = 'the people of the union have a government of laws and not of men. ';
  await writeFile(at('short.txt'), words.repeat(20));
  // One document, so that a job that only looks up between documents would not see a signal.
  await writeFile(at('long.txt'), words.repeat(200_000));
  const train = ['tokenizer', 'train', at('short.txt'), '--vocab-size', '60'];
  expect(await maskloom(...train, '--out', at('tokenizer'))).toMatchObject({ code: 0 });
});
afterAll(() => rm(folder, { recursive: true }));

/** Starts to encode, sends a signal once something is half written, and tells how it ended. */
async function encodeUntil(signal: NodeJS.Signals): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [bin, ...encode()], { stdio: 'ignore' });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once('close', (_, by) => resolve(by));
  });
  while ((await readdir(at('made')).catch(() => [])).length < 2 && child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const sent = performance.now();
  child.kill(signal);
  const by = await ended;
  expect(performance.now() - sent).toBeLessThan(5000);
  return by;
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  'maskloom encode that is ended by %s leaves nothing, and ends at once',
  async (signal) => {
    const before = await readdir(folder);
    expect(await encodeUntil(signal)).toBe(signal);
    expect(await readdir(folder)).toEqual(before);
  },
);

test('what SIGKILL leaves is not in the way of the next run', async () => {
  expect(await encodeUntil('SIGKILL')).toBe('SIGKILL');
  const left = await readdir(at('made'));
  expect(left).toHaveLength(2);
  await writeFile(at('long.txt'), 'a shorter one, so that this is soon done. '.repeat(20));
  expect(await maskloom(...encode())).toMatchObject({ code: 0, stderr: '' });
  expect(await readdir(at('made'))).toEqual([...left, 'data', 'data-holdout'].sort());
});
