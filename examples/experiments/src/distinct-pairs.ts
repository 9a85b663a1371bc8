import { createHash } from 'node:crypto';
import { type CompactColumns, connect, readCompact } from '@maskloom/client';

/** How much of what a run was asked was new. */
export interface Pairs {
  /** Hidden tokens, each time one was to be guessed. */
  readonly seen: number;
  /** Different ones: a place in a sample, its token, and the masked sample that it is to be guessed from. */
  readonly distinct: number;
}

/** Counts the pairs of (hidden token, what it is to be guessed from) in the first steps of a sidecar's plan. */
export async function countPairs(url: string, steps: number): Promise<Pairs> {
  const client = await connect(url);
  const pairs = new Set<string>();
  let seen = 0;
  for await (const { batch } of client.batches({ steps, layout: 'compact' })) {
    const columns = readCompact(batch);
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

/** Names a masked sample: what it is of, and what the model sees of it. */
function contextOf(columns: CompactColumns, row: number): string {
  const ids = columns.inputIds(row);
  const bytes = new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
  const hash = createHash('sha256').update(bytes).digest('base64').slice(0, 16);
  return `${columns.sample[row]} ${hash}`;
}
