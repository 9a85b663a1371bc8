import { type RecordBatch, RecordBatchReader } from 'apache-arrow';
import { ShardError } from './errors.ts';
import type { Manifest } from './manifest.ts';

/** The bytes of a shard, in memory that threads may share. */
export type ShardBytes = SharedArrayBuffer | ArrayBuffer;

/** Random access to the samples of a dataset. */
export interface Samples {
  /** Number of samples. */
  readonly rows: number;
  /** Number of tokens of a sample. */
  length(row: number): number;
  /** A sample's token ids, special tokens included: a view, not a copy. Never write to it. */
  sample(row: number): Uint16Array | Uint32Array;
  /** Where a sample's second segment starts; undefined in a dataset without the column. */
  segment(row: number): number | undefined;
  /**
   * For each token of a sample 1 where a unit begins, else 0: a view; undefined in a dataset without the
   * column.
   */
  units(row: number): Uint8Array | undefined;
}

interface RecordBatchColumns {
  readonly offsets: Int32Array;
  readonly values: Uint16Array | Uint32Array;
  readonly segments: Uint32Array | undefined;
  /** As long as `values`. */
  readonly units: Uint8Array | undefined;
}

/**
 * Opens the samples of a dataset whose shards are in memory, without copying: in a worker, over the
 * buffers that the main thread read.
 *
 * @param shards the bytes of each shard of the manifest, in its order
 * @throws {ShardError} with code `SHARD_FORMAT` if a shard does not hold what the manifest says.
 */
export function openSamples(manifest: Manifest, shards: readonly ShardBytes[]): Samples {
  const { rowsPerRecordBatch } = manifest;
  const firstRows = manifest.shards.map((shard) => shard.firstRow);
  const columns = manifest.shards.map((shard, index) => {
    const batches = readColumns(manifest, shard.path, shards[index]!);
    const rows = batches.map((batch) => batch.offsets.length - 1);
    const uneven = rows.slice(0, -1).some((count) => count !== rowsPerRecordBatch);
    if (uneven || rows.reduce((sum, count) => sum + count, 0) !== shard.rows) {
      throw new ShardError(
        'SHARD_FORMAT',
        shard.path,
        `${shard.rows} rows in record batches of ${rowsPerRecordBatch}`,
        `record batches of ${rows.join(', ')}`,
      );
    }
    return batches;
  });

  function locate(row: number): { batch: RecordBatchColumns; index: number } {
    if (!(row >= 0 && row < manifest.rows)) {
      throw new RangeError(`Row ${row} is not in the dataset of ${manifest.rows} rows`);
    }
    const shard = lastAtMost(firstRows, row);
    const within = row - firstRows[shard]!;
    const number = Math.floor(within / rowsPerRecordBatch);
    return { batch: columns[shard]![number]!, index: within - number * rowsPerRecordBatch };
  }

  return {
    rows: manifest.rows,
    length(row) {
      const { batch, index } = locate(row);
      return batch.offsets[index + 1]! - batch.offsets[index]!;
    },
    sample(row) {
      const { batch, index } = locate(row);
      return batch.values.subarray(batch.offsets[index], batch.offsets[index + 1]);
    },
    segment(row) {
      const { batch, index } = locate(row);
      return batch.segments?.[index];
    },
    units(row) {
      const { batch, index } = locate(row);
      return batch.units?.subarray(batch.offsets[index], batch.offsets[index + 1]);
    },
  };
}

function readColumns({ columns }: Manifest, path: string, bytes: ShardBytes): RecordBatchColumns[] {
  try {
    const batches = [...RecordBatchReader.from(new Uint8Array(bytes))];
    return batches.map((batch) => {
      const { offsets, values } = readList(batch, 'input_ids');
      const segments = batch.getChild('segment')?.data[0]?.values as Uint32Array | undefined;
      const units = columns.includes('units') ? readList(batch, 'units') : undefined;
      if (units?.offsets.some((end, row) => end !== offsets[row])) {
        throw new RangeError('a column "units" with another number of values than tokens');
      }
      return {
        offsets,
        values: values as Uint16Array | Uint32Array,
        segments,
        units: units?.values as Uint8Array | undefined,
      };
    });
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    const expected = `an Arrow IPC file with ${['input_ids', ...columns].join(', ')}`;
    throw new ShardError('SHARD_FORMAT', path, expected, problem, { cause });
  }
}

function readList(batch: RecordBatch, name: string) {
  const list = batch.getChild(name)?.data[0];
  if (list === undefined) throw new RangeError(`no column "${name}"`);
  // The buffer is padded to 8 bytes: it can hold more offsets than there are rows.
  const offsets = (list.valueOffsets as Int32Array).subarray(0, batch.numRows + 1);
  return { offsets, values: list.children[0]!.values };
}

/** Index of the last of ascending `values` that is at most `value`. */
function lastAtMost(values: readonly number[], value: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (values[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
