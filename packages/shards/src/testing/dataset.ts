import { createDatasetWriter } from '../writer.ts';

export const vocab = {
  size: 300,
  maskId: 4,
  padId: 0,
  specialIds: [0, 1, 2, 3, 4],
  continuationIds: [],
};

/** The ids of a row of the dataset below. */
export function idsOf(row: number): number[] {
  const length = 1 + ((row * 7) % 38);
  return Array.from({ length }, (_, index) => (row * 31 + index * index) % 300);
}

/** Writes samples of 1 to 38 tokens with segments and units. */
export async function writeDataset(
  directory: string,
  rows: number,
  { rowsPerRecordBatch = 256, rowsPerShard = 512 } = {},
): Promise<void> {
  const writer = await createDatasetWriter(directory, {
    vocab,
    tokenizerDigest: 'ab'.repeat(32),
    columns: ['segment', 'units'],
    rowsPerRecordBatch,
    rowsPerShard,
  });
  for (let row = 0; row < rows; row++) {
    const inputIds = idsOf(row);
    await writer.append({ inputIds, segment: row, units: inputIds.map((id) => id & 1) });
  }
  await writer.close();
}
