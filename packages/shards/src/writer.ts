import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ArgumentError,
  checkUnitColumn,
  checkVocab,
  TokenIdError,
  type VocabTraits,
} from '@maskloom/core';
import {
  type Data,
  type List,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  type Schema,
  Struct,
  type Uint8,
  type Uint16,
  Uint32,
  Uint64,
} from 'apache-arrow';
import { createDraft, type Draft } from './draft.ts';
import { DatasetError } from './errors.ts';
import type { ExtraColumn, Manifest, ShardEntry } from './manifest.ts';
import { recordBatchRanges } from './record-batch-ranges.ts';
import { shardSchema, tokenArray } from './schema.ts';

/** Options of {@linkcode createDatasetWriter}. */
export interface DatasetWriterOptions {
  readonly vocab: VocabTraits;
  /** SHA-256 of the tokenizer, hexadecimal. */
  readonly tokenizerDigest: string;
  /**
   * Columns to write beside `input_ids`: `document` and `segment` (UInt32), `offset` (UInt64), `units`
   * (List\<UInt8\>). Default none.
   */
  readonly columns?: readonly ExtraColumn[];
  /**
   * Count how often each id occurs, and write that with the vocab traits, for random words from the unigram
   * distribution. Default false: the counts that `vocab` has, if any, are written as they are.
   */
  readonly counts?: boolean;
  /** Rows of a record batch. Default 1024. */
  readonly rowsPerRecordBatch?: number;
  /** Rows of a shard, a multiple of `rowsPerRecordBatch`. Default 65536. */
  readonly rowsPerShard?: number;
}

/** One sample as it is written. */
export interface ShardRow {
  /** Token ids, special tokens included. */
  readonly inputIds: ArrayLike<number>;
  /** Number of the document that its first token is from. */
  readonly document?: number;
  /** Byte offset in that document. */
  readonly offset?: number;
  /** Position where the second segment starts. */
  readonly segment?: number;
  /** For each token 1 where a unit begins, 0 where it belongs to the unit of the token before. */
  readonly units?: ArrayLike<number>;
}

/** Writes a dataset: whole at `close()`, or not at all. */
export interface DatasetWriter {
  /**
   * Adds a sample.
   *
   * @throws {TokenIdError} for an id that the vocabulary does not have.
   * @throws {ArgumentError} for a column that is missing, or units that are not as long as the sample or
   *   not 0 and 1.
   */
  append(row: ShardRow): Promise<void>;
  /** Writes what is left and the manifest, so that only the moving into place is left to `close()`. */
  finish(): Promise<Manifest>;
  /** Finishes the dataset and moves it into place. */
  close(): Promise<Manifest>;
  /** Removes all that was written. */
  abort(): Promise<void>;
}

/**
 * Opens a dataset for writing. Shards are written to a temporary folder beside `directory`, which is
 * renamed by `close()`: readers see the whole dataset or none.
 *
 * @throws {DatasetError} with code `DATASET_EXISTS` if `directory` is there.
 * @throws {OutputError} if it cannot be written there.
 * @throws {ArgumentError} for options out of range.
 *
 * @example
 * ```ts
 * import { createDatasetWriter, openDataset } from '@maskloom/shards';
 * const vocab = { size: 100, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [] };
 * const writer = await createDatasetWriter('data/tiny', { vocab, tokenizerDigest: '0'.repeat(64) });
 * await writer.append({ inputIds: [2, 17, 23, 3] });
 * await writer.close();
 * const dataset = await openDataset('data/tiny');
 * console.log(dataset.sample(0)); // Uint16Array [2, 17, 23, 3]
 * ```
 */
export async function createDatasetWriter(
  directory: string,
  options: DatasetWriterOptions,
): Promise<DatasetWriter> {
  const { rowsPerRecordBatch = 1024, rowsPerShard = 65536 } = options;
  checkVocab(options.vocab);
  if (!Number.isInteger(rowsPerRecordBatch) || rowsPerRecordBatch < 1) {
    throw new ArgumentError('rowsPerRecordBatch', 'an integer from 1', rowsPerRecordBatch);
  }
  if (!Number.isInteger(rowsPerShard) || rowsPerShard < 1 || rowsPerShard % rowsPerRecordBatch) {
    throw new ArgumentError('rowsPerShard', `a multiple of ${rowsPerRecordBatch}`, rowsPerShard);
  }
  refuseExisting(directory);
  return new ArrowDatasetWriter(directory, await createDraft(directory, 'folder'), {
    ...options,
    columns: options.columns ?? [],
    counts: options.counts ?? false,
    rowsPerRecordBatch,
    rowsPerShard,
  });
}

function refuseExisting(directory: string): void {
  if (existsSync(directory)) throw new DatasetError('DATASET_EXISTS', directory);
}

class ArrowDatasetWriter implements DatasetWriter {
  readonly #directory: string;
  readonly #draft: Draft;
  readonly #options: Required<DatasetWriterOptions>;
  readonly #schema: Schema;
  readonly #shards: ShardEntry[] = [];
  #rows: ShardRow[] = [];
  #recordBatches: RecordBatch[] = [];
  #shardRows = 0;
  #shardTokens = 0;
  #firstRow = 0;
  #tokens = 0;
  #longest = 0;
  readonly #counts: Float64Array | undefined;
  #manifest: Manifest | undefined;

  constructor(directory: string, draft: Draft, options: Required<DatasetWriterOptions>) {
    this.#directory = directory;
    this.#draft = draft;
    this.#options = options;
    this.#schema = shardSchema(options.vocab.size, options.columns);
    if (options.counts) this.#counts = new Float64Array(options.vocab.size);
  }

  async append(row: ShardRow): Promise<void> {
    this.#check(row);
    this.#rows.push(row);
    if (this.#counts !== undefined) {
      for (let position = 0; position < row.inputIds.length; position++) {
        this.#counts[row.inputIds[position]!]!++;
      }
    }
    this.#shardTokens += row.inputIds.length;
    this.#longest = Math.max(this.#longest, row.inputIds.length);
    if (this.#rows.length === this.#options.rowsPerRecordBatch) this.#finishRecordBatch();
    if (this.#shardRows === this.#options.rowsPerShard) await this.#finishShard();
  }

  async finish(): Promise<Manifest> {
    this.#finishRecordBatch();
    await this.#finishShard();
    const { tokenizerDigest, columns, rowsPerRecordBatch } = this.#options;
    const vocab: VocabTraits =
      this.#counts === undefined
        ? this.#options.vocab
        : { ...this.#options.vocab, counts: Array.from(this.#counts) };
    const manifest: Manifest = {
      format: 'maskloom-dataset',
      version: 1,
      vocab,
      tokenizer: tokenizerDigest,
      columns,
      rows: this.#firstRow,
      tokens: this.#tokens,
      longest: this.#longest,
      rowsPerRecordBatch,
      shards: this.#shards,
    };
    const text = `${JSON.stringify(manifest, null, 1)}\n`;
    await writeDurably(join(this.#draft.path, 'manifest.json'), Buffer.from(text));
    this.#manifest = manifest;
    return manifest;
  }

  async close(): Promise<Manifest> {
    const manifest = this.#manifest ?? (await this.finish());
    // Moved there, it would replace an empty folder that came meanwhile, and fail on any other.
    refuseExisting(this.#directory);
    this.#draft.keep();
    return manifest;
  }

  async abort(): Promise<void> {
    await this.#draft.discard();
  }

  #check(row: ShardRow): void {
    const { size } = this.#options.vocab;
    for (let position = 0; position < row.inputIds.length; position++) {
      const id = row.inputIds[position]!;
      if (!(Number.isInteger(id) && id >= 0 && id < size)) {
        throw new TokenIdError(position, id, size);
      }
    }
    for (const column of this.#options.columns) {
      if (column === 'units') checkUnitColumn(row.units, row.inputIds.length);
      else if (row[column] === undefined) throw new ArgumentError(column, 'a number', undefined);
    }
  }

  #finishRecordBatch(): void {
    const rows = this.#rows;
    if (rows.length === 0) return;
    this.#rows = [];
    const { size } = this.#options.vocab;
    const columns = this.#schema.fields.map(({ name, type }) => {
      if (name === 'input_ids') {
        const list = type as List<Uint16 | Uint32>;
        return listColumn(rows, list, 'inputIds', (length) => tokenArray(size, length));
      }
      if (name === 'units') {
        return listColumn(rows, type as List<Uint8>, 'units', (length) => new Uint8Array(length));
      }
      return numberColumn(rows, name as Exclude<ExtraColumn, 'units'>);
    });
    const data = makeData({
      type: new Struct(this.#schema.fields),
      length: rows.length,
      nullCount: 0,
      children: columns,
    });
    this.#recordBatches.push(new RecordBatch(this.#schema, data));
    this.#shardRows += rows.length;
  }

  async #finishShard(): Promise<void> {
    if (this.#recordBatches.length === 0) return;
    const writer = RecordBatchFileWriter.writeAll(this.#recordBatches);
    const file = writer.toUint8Array(true);
    const path = `shard-${String(this.#shards.length).padStart(5, '0')}.arrow`;
    await writeDurably(join(this.#draft.path, path), file);
    this.#shards.push({
      path,
      firstRow: this.#firstRow,
      rows: this.#shardRows,
      tokens: this.#shardTokens,
      bytes: file.byteLength,
      sha256: createHash('sha256').update(file).digest('hex'),
      recordBatches: recordBatchRanges(file),
    });
    this.#firstRow += this.#shardRows;
    this.#tokens += this.#shardTokens;
    this.#recordBatches = [];
    this.#shardRows = 0;
    this.#shardTokens = 0;
  }
}

/** A column with a value for each token. */
function listColumn(
  rows: readonly ShardRow[],
  type: List<Uint8 | Uint16 | Uint32>,
  field: 'inputIds' | 'units',
  valuesOf: (length: number) => Uint8Array | Uint16Array | Uint32Array,
): Data {
  const valueOffsets = new Int32Array(rows.length + 1);
  rows.forEach((row, index) => {
    valueOffsets[index + 1] = valueOffsets[index]! + row.inputIds.length;
  });
  const values = valuesOf(valueOffsets[rows.length]!);
  rows.forEach((row, index) => {
    values.set(row[field]!, valueOffsets[index]!);
  });
  const child = makeData({
    type: type.children[0]!.type as Uint32,
    length: values.length,
    nullCount: 0,
    data: values as Uint32Array,
  });
  return makeData({ type, length: rows.length, nullCount: 0, valueOffsets, child });
}

/** A column with a number for each row. */
function numberColumn(rows: readonly ShardRow[], column: Exclude<ExtraColumn, 'units'>): Data {
  const { length } = rows;
  if (column === 'offset') {
    const data = BigUint64Array.from(rows, (row) => BigInt(row.offset!));
    return makeData({ type: new Uint64(), length, nullCount: 0, data });
  }
  const data = Uint32Array.from(rows, (row) => row[column]!);
  return makeData({ type: new Uint32(), length, nullCount: 0, data });
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
