import { createHash } from 'node:crypto';
import { type Batch, type CompactColumns, readCompact } from '@maskloom/loader';

/** How much of what a run was asked was new. */
export interface Pairs {
  /** Hidden tokens, each time one was to be guessed. */
  readonly seen: number;
  /** Different ones: a place in a sample, its token, and the masked sample that it is to be guessed from. */
  readonly distinct: number;
}

/** Counts the pairs of (hidden token, what it is to be guessed from) in batches of the `compact` layout. */
export async function countPairs(
  batches: AsyncIterable<Pick<Batch, 'recordBatch'>>,
): Promise<Pairs> {
  const pairs = new Set<string>();
  let seen = 0;
  for await (const { recordBatch } of batches) {
    const columns = readCompact(recordBatch);
    for (let row = 0; row < columns.rows; row++) {
      const context = contextOf(columns, row);
      const labels = columns.labels(row);
      columns.positions(row).forEach((position, index) => {
        pairs.add(`${context} ${position} ${labels[index]}`);
        seen++;
      });
    }
  }
  return { seen, distinct: pairs.size };
}

/** Names a masked sample: which one it is, and the ids that the model sees of it. */
function contextOf(columns: CompactColumns, row: number): string {
  const ids = columns.inputIds(row);
  const bytes = new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
  const hash = createHash('sha256').update(bytes).digest('base64').slice(0, 22);
  return `${columns.sample[row]} ${hash}`;
}
