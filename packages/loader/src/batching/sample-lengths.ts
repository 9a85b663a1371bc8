import type { Manifest, Samples } from '@maskloom/shards';

/** The lengths of a dataset's samples, to be asked for by row: read first by record batch, where not all are in memory. */
export async function sampleLengths({
  load,
  length,
  manifest: { rows, rowsPerRecordBatch },
}: Pick<Samples, 'length' | 'load'> & { readonly manifest: Manifest }): Promise<
  (row: number) => number
> {
  if (load === undefined) return length;
  const lengths = new Uint32Array(rows);
  for (let first = 0; first < rows; first += rowsPerRecordBatch) {
    const some = Array.from(
      { length: Math.min(rowsPerRecordBatch, rows - first) },
      (_, index) => first + index,
    );
    using ready = await load({ rows: [], lengths: some });
    for (const row of some) lengths[row] = ready.length(row);
  }
  return (row) => lengths[row]!;
}
