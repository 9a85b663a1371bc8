import { ArgumentError } from '@maskloom/core';
import type { RecordBatch } from 'apache-arrow';
import { checkCounts, checkSchema } from './check-contents.ts';
import { ManifestError, ShardError } from './errors.ts';
import type { Manifest } from './manifest.ts';
import { readArrowFile } from './read-record-batch.ts';

/** The bytes of a shard, in memory that threads may share. */
export type ShardBytes = SharedArrayBuffer | ArrayBuffer;

/** Memory that threads share, where the runtime has it: a page that is not isolated does not. */
export function sharedMemory(bytes: number): ShardBytes {
  return typeof SharedArrayBuffer === 'undefined'
    ? new ArrayBuffer(bytes)
    : new SharedArrayBuffer(bytes);
}

/** Random access to the samples of a dataset. */
export interface Samples extends ReadySamples {
  /**
   * Makes samples ready that are not in memory: reads and verifies them. Absent where all shards are in memory: there every
   * sample is ready, and nothing is to be awaited. Of a dataset with a memory budget, only what this gives can be
   * relied on to have the rows asked for.
   *
   * @throws {ShardError} if a shard can't be read, or is not what the manifest says.
   */
  readonly load?: (request: LoadRequest) => Promise<LoadedSamples>;
  /**
   * Begins to read what these rows will need, and forgets about what fails. It asks for them only if that can be of use.
   * Absent where all shards are in memory.
   */
  readonly readAhead?: (rows: () => readonly number[]) => void;
  /** Closes what is open for reading. Absent where all shards are in memory. */
  readonly close?: () => void;
}

/** What is to be made ready. */
export interface LoadRequest {
  /** Rows whose samples are asked for. */
  readonly rows: readonly number[];
  /** Rows whose lengths alone are asked for. */
  readonly lengths?: readonly number[];
}

/** Samples that are ready, until they are disposed of: then their memory is used again. */
export interface LoadedSamples extends ReadySamples, Disposable {}

/** Samples that can be had at once. */
export interface ReadySamples {
  /** Number of samples of the dataset. */
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

/** The columns of a record batch: views. */
export interface RecordBatchColumns {
  readonly offsets: Int32Array;
  readonly values: Uint16Array | Uint32Array;
  readonly segments: Uint32Array | undefined;
  /** As long as `values`. */
  readonly units: Uint8Array | undefined;
}

/**
 * The samples of those shards that are in memory, without copying.
 *
 * @param path of the manifest, for messages
 * @param shards the bytes of each shard of the manifest, in its order; undefined if it is not in memory
 */
export function residentSamples(
  path: string,
  manifest: Manifest,
  shards: readonly (ShardBytes | undefined)[],
): ReadySamples {
  const { rowsPerRecordBatch } = manifest;
  const columns = manifest.shards.map((shard, index) => {
    const bytes = shards[index];
    if (bytes === undefined) return undefined;
    const batches = readColumns(path, manifest, shard.path, bytes);
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
  const placeOf = rowPlaces(manifest);

  function locate(row: number): { batch: RecordBatchColumns; index: number } {
    const { shard, recordBatch, index } = placeOf(row);
    const batches = columns[shard];
    if (batches === undefined) {
      throw new ArgumentError(
        'row',
        'one that load() made ready',
        row,
        'its shard is not in memory',
      );
    }
    return { batch: batches[recordBatch]!, index };
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

/** Where a row is. */
export interface RowPlace {
  /** Number of its shard. */
  readonly shard: number;
  /** Number of its record batch in that shard. */
  readonly recordBatch: number;
  /** Number of the row in that record batch. */
  readonly index: number;
}

/** Finds where rows are. */
export function rowPlaces(manifest: Manifest): (row: number) => RowPlace {
  const { rows, rowsPerRecordBatch } = manifest;
  const firstRows = manifest.shards.map((shard) => shard.firstRow);
  return (row) => {
    if (!(row >= 0 && row < rows)) {
      throw new RangeError(`Row ${row} is not in the dataset of ${rows} rows`);
    }
    const shard = lastAtMost(firstRows, row);
    const within = row - firstRows[shard]!;
    const recordBatch = Math.floor(within / rowsPerRecordBatch);
    return { shard, recordBatch, index: within - recordBatch * rowsPerRecordBatch };
  };
}

function readColumns(
  path: string,
  manifest: Manifest,
  shard: string,
  bytes: ShardBytes,
): RecordBatchColumns[] {
  try {
    const { schema, recordBatches } = readArrowFile(new Uint8Array(bytes));
    checkSchema(path, manifest, shard, schema);
    return recordBatches.map((batch) => columnsOf(manifest, batch));
  } catch (cause) {
    if (cause instanceof ManifestError) throw cause;
    const problem = cause instanceof Error ? cause.message : String(cause);
    const expected = `an Arrow IPC file with ${['input_ids', ...manifest.columns].join(', ')}`;
    throw new ShardError('SHARD_FORMAT', shard, expected, problem, { cause });
  }
}

/** The columns of a record batch, if it has those that the manifest says. */
export function columnsOf({ columns }: Manifest, batch: RecordBatch): RecordBatchColumns {
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
