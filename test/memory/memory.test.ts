import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDatasetWriter } from '@maskloom/shards';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../support/run.ts';

const program = fileURLToPath(new URL('stream.mjs', import.meta.url));
const mebibyte = 2 ** 20;
const budget = 16 * mebibyte;
/** Beside the budget, of two threads: rows of the batches in flight, a record batch each, and garbage. */
const overhead = 12 * mebibyte;
let folder: string;

/** Writes samples of 512 tokens, 256 KiB in a record batch and 4 MiB in a shard. */
async function write(name: string, rows: number): Promise<void> {
  const writer = await createDatasetWriter(join(folder, name), {
    vocab: {
      size: 30000,
      maskId: 4,
      padId: 0,
      specialIds: [0, 1, 2, 3, 4],
      continuationIds: [],
    },
    tokenizerDigest: 'ef'.repeat(32),
    rowsPerRecordBatch: 256,
    rowsPerShard: 4096,
  });
  for (let row = 0; row < rows; row++) {
    const inputIds = new Uint16Array(512);
    for (let index = 0; index < 512; index++) {
      inputIds[index] = 5 + ((row * 31 + index * index) % 29000);
    }
    await writer.append({ inputIds });
  }
  await writer.close();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-budget-'));
  await write('data', 65_536);
  await write('little', 1024);
});
afterAll(() => rm(folder, { recursive: true }));

/** The most memory that a process took that streamed one and a half epochs of `data`, or as many batches of `little`. */
async function peakOf(name: string, memory: string, order: string): Promise<number> {
  const { code, stdout, stderr } = await run(process.execPath, [
    program,
    join(folder, name),
    memory,
    order,
    '1536',
  ]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const { peak, rows } = JSON.parse(stdout) as { peak: number; rows: number };
  expect(rows).toBe(1536 * 64);
  return peak;
}

test('64 MiB of shards take 16 MiB of a process with two workers whose budget is 16 MiB', async () => {
  const without = await peakOf('little', 'none', 'global');
  // Without a budget they take what they are: else this test would measure nothing.
  expect((await peakOf('data', 'none', 'global')) - without).toBeGreaterThan(56 * mebibyte);
  for (const order of ['global', 'sequential']) {
    const peak = await peakOf('data', String(budget), order);
    expect(peak - without).toBeLessThan(budget + overhead);
  }
});
