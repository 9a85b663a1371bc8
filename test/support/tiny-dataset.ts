import { createDatasetWriter } from '@maskloom/shards';

/**
 * Writes a dataset of samples of 3 to 60 tokens, in several shards, with all that any strategy asks for: two
 * segments, units of one token or more, counts, and 50 special ids behind the tokens that occur.
 */
export async function writeTinyDataset(
  directory: string,
  rows: number,
  vocabSize = 2000,
): Promise<void> {
  const writer = await createDatasetWriter(directory, {
    vocab: {
      size: vocabSize + 50,
      maskId: 4,
      padId: 0,
      specialIds: [0, 1, 2, 3, 4, ...Array.from({ length: 50 }, (_, at) => vocabSize + at)],
      continuationIds: Array.from(
        { length: vocabSize >> 2 },
        (_, index) => 3 * (vocabSize >> 2) + index,
      ),
    },
    tokenizerDigest: '12'.repeat(32),
    counts: true,
    columns: ['document', 'offset', 'segment', 'units'],
    rowsPerRecordBatch: 32,
    rowsPerShard: 128,
  });
  for (let row = 0; row < rows; row++) {
    const inner = Array.from(
      { length: 1 + ((row * 11) % 58) },
      (_, index) => 5 + ((row * 37 + index * index) % (vocabSize - 5)),
    );
    await writer.append({
      inputIds: [2, ...inner, 3],
      document: row >> 2,
      offset: row * 100,
      segment: 2 + (inner.length >> 1),
      units: [1, ...inner.map((id) => (id % 3 === 0 ? 0 : 1)), 1],
    });
  }
  await writer.close();
}
