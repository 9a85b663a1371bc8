import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VocabTraits } from '@maskloom/core';
import { createDatasetWriter, type Dataset, openDataset } from '@maskloom/shards';

export const vocab = {
  size: 1000,
  maskId: 4,
  padId: 0,
  specialIds: [0, 1, 2, 3, 4],
  continuationIds: [],
};

/** The same with 100 sentinels. */
export const sentinelVocab = {
  ...vocab,
  size: 1100,
  specialIds: [...vocab.specialIds, ...Array.from({ length: 100 }, (_, index) => 1000 + index)],
};

/** Writes a dataset of `rows` samples of 3 to 40 tokens, opens it and removes its folder. */
export async function makeDataset(rows: number, given: VocabTraits = vocab): Promise<Dataset> {
  const folder = await mkdtemp(join(tmpdir(), 'maskloom-loader-'));
  try {
    await writeDataset(join(folder, 'data'), rows, given);
    return await openDataset(join(folder, 'data'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Writes such a dataset. */
export async function writeDataset(
  directory: string,
  rows: number,
  given: VocabTraits = vocab,
  { rowsPerRecordBatch = 16, rowsPerShard = 64 } = {},
): Promise<void> {
  const writer = await createDatasetWriter(directory, {
    vocab: given,
    tokenizerDigest: 'cd'.repeat(32),
    columns: ['segment', 'units'],
    rowsPerRecordBatch,
    rowsPerShard,
  });
  for (let row = 0; row < rows; row++) {
    const length = 3 + ((row * 7) % 38);
    const inner = Array.from({ length: length - 2 }, (_, index) => 5 + ((row * 31 + index) % 995));
    await writer.append({
      inputIds: [2, ...inner, 3],
      segment: 2 + (inner.length >> 1),
      units: [1, ...inner.map((id) => (id % 3 === 0 ? 0 : 1)), 1],
    });
  }
  await writer.close();
}
