import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../support/run.ts';
import { writeTinyDataset } from '../support/tiny-dataset.ts';

const script = fileURLToPath(new URL('stream.mjs', import.meta.url));
const full = process.env['MASKLOOM_FULL'] === '1';
const batches = full ? 100_000 : 10_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-flat-'));
  await writeTinyDataset(join(folder, 'data'), 97);
});
afterAll(() => rm(folder, { recursive: true }));

interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

/** How much more memory is used at the stream's end than after a fifth of it. */
async function growth(workers: number, doing: 'consume' | 'keep'): Promise<Memory> {
  const words = ['--expose-gc', script, join(folder, 'data'), `${workers}`, `${batches}`, doing];
  const { code, stdout, stderr } = await run(process.execPath, words, '.', 600_000);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const { tokens, moments } = JSON.parse(stdout) as { tokens: number; moments: Memory[] };
  expect(tokens).toBeGreaterThan(100 * batches);
  const [first, last] = [moments[1]!, moments.at(-1)!];
  return {
    rss: last.rss - first.rss,
    heapUsed: last.heapUsed - first.heapUsed,
    external: last.external - first.external,
  };
}

const mebibyte = 2 ** 20;

test.each([0, 2])(
  `memory is flat over ${batches} batches, with %i workers`,
  async (workers) => {
    const { rss, heapUsed, external } = await growth(workers, 'consume');
    // 50 bytes a batch of the default 10,000 would be seen.
    expect(heapUsed).toBeLessThan(mebibyte / 2);
    expect(external).toBeLessThan(mebibyte);
    // Of all threads; their heaps settle late.
    expect(rss).toBeLessThan(48 * mebibyte);
  },
  600_000,
);

test('memory that is not flat would be seen: a consumer that keeps its batches', async () => {
  const { heapUsed, external } = await growth(2, 'keep');
  expect(heapUsed).toBeGreaterThan(mebibyte);
  expect(external).toBeGreaterThan(8 * mebibyte);
}, 600_000);
