import { RecordBatchReader } from 'apache-arrow';
import { checkCounts, checkSchema } from './check-contents.ts';
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
}

/** The columns of a record batch, as views of the shard's bytes. */
export interface RecordBatchColumns {
  readonly offsets: Int32Array;
  readonly values: Uint16Array | Uint32Array;
  readonly segments: Uint32Array | undefined;
}

/**
 * Opens the samples of a dataset whose shards are in memory, without copying: in a worker, over the
 * buffers that the main thread read.
 *
 * @param shards the bytes of each shard of the manifest, in its order
 * @throws {ShardError} with code `SHARD_FORMAT` if a shard is no Arrow IPC file of such rows.
 * @throws {ManifestError} naming the field that is not as the shards are.
 */
export function openSamples(manifest: Manifest, shards: readonly ShardBytes[]): Samples {
  return samplesOf(manifest, readShards('manifest.json', manifest, shards));
}

/**
 * The columns of each shard's record batches, as the manifest says they are.
 *
 * @param path of the manifest, for messages
 */
export function readShards(
  path: string,
  manifest: Manifest,
  shards: readonly ShardBytes[],
): RecordBatchColumns[][] {
  const { rowsPerRecordBatch } = manifest;
  const columns = manifest.shards.map((shard, index) => {
    const reader = openReader(shard.path, shards[index]!);
    checkSchema(path, manifest, shard.path, reader.schema);
    const batches = readColumns(shard.path, reader);
    const rows = batches.map((batch) => batch.offsets.length - 1);
    const whole = rows.slice(0, -1).every((count) => count === rowsPerRecordBatch);
    const fits = (rows.at(-1) ?? 0) <= rowsPerRecordBatch;
    if (!whole || !fits || rows.reduce((sum, count) => sum + count, 0) !== shard.rows) {
      throw new ShardError(
        'SHARD_FORMAT',
        shard.path,
        `${shard.rows} rows in record batches of ${rowsPerRecordBatch}`,
        `record batches of ${rows.join(', ')}`,
      );
    }
    return batches;
  });
  checkCounts(path, manifest, columns);
  return columns;
}

/** Random access to the samples in these columns. */
export function samplesOf(
  manifest: Manifest,
  columns: readonly (readonly RecordBatchColumns[])[],
): Samples {
  const { rowsPerRecordBatch } = manifest;
  const firstRows = manifest.shards.map((shard) => shard.firstRow);

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
  };
}

function openReader(path: string, bytes: ShardBytes): RecordBatchReader {
  return asShard(path, () => RecordBatchReader.from(new Uint8Array(bytes)).open());
}

function readColumns(path: string, reader: RecordBatchReader): RecordBatchColumns[] {
  return asShard(path, () =>
    [...reader].map((batch) => {
      const list = batch.getChild('input_ids')!.data[0]!;
      const values = list.children[0]!.values as Uint16Array | Uint32Array;
      // The buffer is padded to 8 bytes: it can hold more offsets than there are rows.
      const offsets = (list.valueOffsets as Int32Array).subarray(0, batch.numRows + 1);
      const segments = batch.getChild('segment')?.data[0]?.values as Uint32Array | undefined;
      return { offsets, values, segments };
    }),
  );
}

/** Says of what Arrow can't read which shard it is. */
function asShard<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new ShardError('SHARD_FORMAT', path, 'an Arrow IPC file', problem, { cause });
  }
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
