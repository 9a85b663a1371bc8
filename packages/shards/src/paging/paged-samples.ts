import type { Schema } from 'apache-arrow';
import { ShardError, type ShardPlace } from '../errors.ts';
import type { Manifest } from '../manifest.ts';
import {
  type LoadedSamples,
  type LoadRequest,
  type ReadySamples,
  type RecordBatchColumns,
  type RowPlace,
  rowPlaces,
  type Samples,
} from '../samples.ts';
import { shardSchema } from '../schema.ts';
import { sha256, toHex } from '../sha256/sha256.ts';
import type { ByteSource } from '../sources/byte-source.ts';
import { openShard } from '../sources/open-shard.ts';
import { checkColumns, decodeRecordBatch } from './decode-record-batch.ts';
import { type Cell, type CellShape, cellBytes, cellChecksum, LoadedRows } from './loaded-rows.ts';
import type { PagedShard } from './paged-shard.ts';
import { planRuns } from './plan-runs.ts';
import { type Fill, RecordBatchCache } from './record-batch-cache.ts';
import { type IndexedRecordBatch, RowIndex } from './row-index.ts';

/** How often a range is read whose checksum is wrong: it may have been damaged on its way. */
const readings = 3;
/**
 * What a read of a file costs beside its bytes, in bytes: so many can be read and verified in the same time. Measured:
 * 1 µs for a read, 0.7 ns for a byte with its SHA-256.
 */
const readCost = 2048;
/** Record batches asked for at a time from a server. */
const parallel = 8;
/** Files that a thread keeps open. */
const openFiles = 64;

/** The rows that are asked for of one record batch. */
interface Group extends Omit<RowPlace, 'index'> {
  /** Number of the record batch in the dataset. */
  readonly key: number;
  /** Rows of the dataset to copy, and their numbers in the record batch. */
  readonly rows: { readonly row: number; readonly index: number }[];
  /** The same for rows whose lengths alone are asked for. */
  readonly lengths: { readonly row: number; readonly index: number }[];
}

/**
 * The samples of a dataset of which not all shards are in memory.
 *
 * @param shards for each shard of the manifest what it takes to read it; undefined if it is in memory
 * @param resident those in memory
 * @param cache bytes of record batches to keep; at least one is kept
 */
export function pagedSamples(
  manifest: Manifest,
  shards: readonly (PagedShard | undefined)[],
  resident: ReadySamples,
  cache: number,
): Samples {
  const reader = new PagedReader(manifest, shards, resident, cache);
  return {
    ...resident,
    load: (request) => reader.load(request),
    readAhead: (rows) => reader.readAhead(rows),
    close: () => reader.close(),
  };
}

class PagedReader {
  readonly #manifest: Manifest;
  readonly #schema: Schema;
  readonly #shards: readonly (PagedShard | undefined)[];
  readonly #resident: ReadySamples;
  readonly #shape: CellShape;
  readonly #placeOf: (row: number) => RowPlace;
  /** Number, in the dataset, of each shard's first record batch. */
  readonly #firstKeys: readonly number[];
  readonly #indexes: readonly (RowIndex | undefined)[];
  readonly #cache: RecordBatchCache<RecordBatchColumns>;
  readonly #sources = new Map<number, ByteSource>();
  readonly #opening = new Map<number, Promise<ByteSource>>();
  /** The shards whose files may be open, in the order of use. */
  readonly #open = new Set<number>();
  /** Memory of rows that were disposed of. */
  readonly #spare: ArrayBuffer[] = [];
  /** Loads so far. */
  #load = 0;
  /** For each record batch of the dataset the last load that read rows of it, and what its row reads cost since. */
  readonly #lastLoads: Float64Array;
  readonly #spent: Float64Array;
  /** Whether the last load took whole record batches. */
  #byRecordBatch = false;
  /** For each record batch of the dataset 1 if this thread has compared its contents with the manifest. */
  readonly #compared: Uint8Array;
  #scratch = new Uint8Array(0);

  constructor(
    manifest: Manifest,
    shards: readonly (PagedShard | undefined)[],
    resident: ReadySamples,
    cache: number,
  ) {
    this.#manifest = manifest;
    this.#schema = shardSchema(manifest.vocab.size, manifest.columns);
    this.#shards = shards;
    this.#resident = resident;
    this.#shape = {
      width: manifest.vocab.size <= 65536 ? 2 : 4,
      longest: manifest.longest,
      units: manifest.columns.includes('units'),
      segments: manifest.columns.includes('segment'),
    };
    this.#placeOf = rowPlaces(manifest);
    let key = 0;
    this.#firstKeys = manifest.shards.map(({ recordBatches }) => {
      const first = key;
      key += recordBatches.length;
      return first;
    });
    this.#indexes = shards.map((shard) =>
      shard?.index === undefined ? undefined : new RowIndex(shard.index, manifest),
    );
    this.#compared = new Uint8Array(key);
    this.#lastLoads = new Float64Array(key).fill(Number.NEGATIVE_INFINITY);
    this.#spent = new Float64Array(key);
    const largest = manifest.shards
      .filter((_, shard) => shards[shard] !== undefined)
      .flatMap(({ recordBatches }) => recordBatches.map(({ bytes }) => bytes))
      .reduce((most, bytes) => Math.max(most, bytes), 0);
    this.#cache = new RecordBatchCache(cache, largest);
  }

  async load({ rows, lengths = [] }: LoadRequest): Promise<LoadedSamples> {
    const loaded = new LoadedRows(this.#resident, this.#shape, this.#take(rows.length), (bytes) =>
      this.#spare.push(bytes),
    );
    const wholes: Group[] = [];
    this.#load++;
    try {
      for (const group of this.#group(rows, lengths, loaded).values()) {
        if (!this.#fromIndex(group, loaded)) wholes.push(group);
      }
      this.#byRecordBatch = wholes.length > 0;
      if (wholes.length > 0) await this.#wholes(wholes, loaded);
    } catch (error) {
      loaded[Symbol.dispose]();
      throw error;
    }
    return loaded;
  }

  readAhead(rows: () => readonly number[]): void {
    // What can be read by rows is read so fast that there is nothing to begin before.
    if (!this.#byRecordBatch) return;
    const keys = new Set<number>();
    for (const row of rows()) {
      const { shard, recordBatch } = this.#placeOf(row);
      if (this.#shards[shard] === undefined) continue;
      const key = this.#firstKeys[shard]! + recordBatch;
      if (keys.has(key)) continue;
      keys.add(key);
      if (this.#rowsReadable(shard, recordBatch)) continue;
      this.#cache.readAhead(key, this.#fill({ shard, recordBatch }, true));
    }
  }

  close(): void {
    for (const source of this.#sources.values()) source.close();
    this.#open.clear();
  }

  /** Rows that are not in memory, by record batch. */
  #group(
    rows: readonly number[],
    lengths: readonly number[],
    loaded: LoadedRows,
  ): Map<number, Group> {
    const groups = new Map<number, Group>();
    const groupOf = ({ shard, recordBatch }: RowPlace): Group => {
      const key = this.#firstKeys[shard]! + recordBatch;
      let group = groups.get(key);
      if (group === undefined) {
        group = { shard, recordBatch, key, rows: [], lengths: [] };
        groups.set(key, group);
      }
      return group;
    };
    for (const row of rows) {
      const place = this.#placeOf(row);
      if (this.#shards[place.shard] === undefined || !loaded.add(row)) continue;
      groupOf(place).rows.push({ row, index: place.index });
    }
    for (const row of lengths) {
      const place = this.#placeOf(row);
      if (this.#shards[place.shard] === undefined || loaded.has(row)) continue;
      groupOf(place).lengths.push({ row, index: place.index });
    }
    return groups;
  }

  /** Whether single rows of a record batch can be read and verified. */
  #rowsReadable(shard: number, recordBatch: number): boolean {
    const source = this.#sources.get(shard);
    return source?.readSync !== undefined && this.#indexes[shard]?.has(recordBatch) === true;
  }

  /**
   * Reads rows of a record batch by themselves, if that is cheaper than the whole of it.
   *
   * @returns whether all that was asked for is there
   */
  #fromIndex(group: Group, loaded: LoadedRows): boolean {
    const { shard, recordBatch, key, rows, lengths } = group;
    const index = this.#indexes[shard];
    if (index?.has(recordBatch) !== true) return false;
    const entry = index.get(recordBatch, this.#rowsOf(shard, recordBatch));
    const { offsets } = entry;
    for (const { row, index: at } of lengths) {
      loaded.setLength(row, offsets[at + 1]! - offsets[at]!);
    }
    if (rows.length === 0) return true;
    if (this.#cache.has(key) || !this.#rowsReadable(shard, recordBatch)) return false;
    return this.#readRows(group, entry, loaded);
  }

  #readRows(group: Group, entry: IndexedRecordBatch, loaded: LoadedRows): boolean {
    const { shard, recordBatch, key, rows } = group;
    const { offsets, valuesAt, unitsAt, checksums, segments } = entry;
    const { width, units } = this.#shape;
    rows.sort((a, b) => a.index - b.index);
    const numbers = rows.map(({ index }) => index);
    const runs = planRuns(numbers, offsets, readCost / (width + (units ? 1 : 0)));
    const range = this.#manifest.shards[shard]!.recordBatches[recordBatch]!;
    let cost = 0;
    for (const { first, end } of runs) {
      const values = offsets[numbers[end - 1]! + 1]! - offsets[numbers[first]!]!;
      cost += (units ? 2 : 1) * readCost + values * (width + (units ? 1 : 0));
    }
    if (!this.#worthIt(key, cost, readCost + range.bytes)) return false;

    const source = this.#sources.get(shard)!;
    this.#use(shard);
    const cells = rows.map(({ row, index }) =>
      loaded.cell(row, offsets[index + 1]! - offsets[index]!, segments?.[index]),
    );
    const ids = cells.map((cell) => cell.ids);
    const unitColumns = units ? cells.map((cell) => cell.units!) : [];
    try {
      for (const run of runs) {
        const read = (at: number, size: number, columns: readonly Column[]) =>
          this.#readRun(source, run, range.offset + at, size, numbers, offsets, columns);
        read(valuesAt, width, ids);
        if (units) read(unitsAt, 1, unitColumns);
      }
    } catch {
      // Reading the whole record batch either helps, or says what is wrong.
      return false;
    }
    return cells.every((cell, index) => cellChecksum(cell) === checksums[numbers[index]!]);
  }

  /**
   * Whether to go on reading rows of a record batch at a cost, where the whole of it would cost so much. Once that was
   * spent twice in loads that follow each other, more of them will come, and it pays to have the record batch in the cache:
   * so it is in the windowed order, and never in the global order of many record batches.
   */
  #worthIt(key: number, cost: number, whole: number): boolean {
    const follows = this.#load - this.#lastLoads[key]! <= 2;
    const spent = cost + (follows ? this.#spent[key]! : 0);
    this.#lastLoads[key] = this.#load;
    this.#spent[key] = spent;
    return cost <= whole && spent <= 2 * whole;
  }

  /** Reads neighbouring rows of a column, whose values of `size` bytes start at `start`. */
  #readRun(
    source: ByteSource,
    { first, end }: { readonly first: number; readonly end: number },
    start: number,
    size: number,
    numbers: readonly number[],
    offsets: Int32Array,
    columns: readonly Column[],
  ): void {
    const from = offsets[numbers[first]!]!;
    if (end - first === 1) {
      source.readSync!(start + from * size, bytesOf(columns[first]!));
      return;
    }
    const bytes = (offsets[numbers[end - 1]! + 1]! - from) * size;
    if (this.#scratch.length < bytes) this.#scratch = new Uint8Array(bytes);
    source.readSync!(start + from * size, this.#scratch.subarray(0, bytes));
    for (let at = first; at < end; at++) {
      const column = bytesOf(columns[at]!);
      const position = (offsets[numbers[at]!]! - from) * size;
      column.set(this.#scratch.subarray(position, position + column.length));
    }
  }

  /** Reads whole record batches, some at a time. */
  async #wholes(groups: readonly Group[], loaded: LoadedRows): Promise<void> {
    let next = 0;
    const readSome = async (): Promise<void> => {
      while (next < groups.length) {
        const group = groups[next++]!;
        await this.#cache.use(group.key, this.#fill(group, false), (columns) =>
          this.#copy(group, columns, loaded),
        );
      }
    };
    const readers = Array.from({ length: Math.min(parallel, groups.length) }, readSome);
    // None may go on writing to memory that was given back.
    for (const result of await Promise.allSettled(readers)) {
      if (result.status === 'rejected') throw result.reason;
    }
  }

  #copy(group: Group, columns: RecordBatchColumns, loaded: LoadedRows): void {
    const { offsets } = columns;
    for (const { row, index } of group.lengths) {
      loaded.setLength(row, offsets[index + 1]! - offsets[index]!);
    }
    for (const { row, index } of group.rows) {
      const length = offsets[index + 1]! - offsets[index]!;
      copyRow(columns, index, loaded.cell(row, length, columns.segments?.[index]));
    }
  }

  /** Reads a record batch, verifies it, and tells the other threads of its rows. */
  #fill({ shard, recordBatch }: Omit<RowPlace, 'index'>, ahead: boolean): Fill<RecordBatchColumns> {
    const { recordBatches } = this.#manifest.shards[shard]!;
    const { offset, bytes, sha256: expected } = recordBatches[recordBatch]!;
    const place: ShardPlace = { recordBatch, offset, bytes };
    return async (slot) => {
      const range = slot.subarray(0, bytes);
      for (let reading = 1; ; reading++) {
        let source: ByteSource;
        try {
          source = await this.#source(shard);
          if (ahead || source.readSync === undefined) await source.read(offset, range);
          else source.readSync(offset, range);
        } catch (error) {
          throw error instanceof ShardError ? error.at(place) : error;
        }
        const actual = toHex(sha256(range));
        if (actual === expected) break;
        if (reading < readings) continue;
        const [promised, found] = [`SHA-256 ${expected}`, `SHA-256 ${actual}`];
        throw new ShardError('SHARD_CHECKSUM', source.location, promised, found, { place });
      }
      const columns = this.#decode(shard, range, place);
      this.#compared[this.#firstKeys[shard]! + recordBatch] = 1;
      this.#publish(shard, recordBatch, range, columns);
      return columns;
    };
  }

  #decode(shard: number, range: Uint8Array, place: ShardPlace): RecordBatchColumns {
    const manifest = this.#manifest;
    const rows = this.#rowsOf(shard, place.recordBatch);
    try {
      const columns = decodeRecordBatch(manifest, this.#schema, range);
      // Bytes of the same checksum have the same contents.
      if (this.#compared[this.#firstKeys[shard]! + place.recordBatch] === 0) {
        checkColumns(manifest, rows, columns);
      }
      return columns;
    } catch (cause) {
      const problem = cause instanceof Error ? cause.message : String(cause);
      const names = ['input_ids', ...manifest.columns].join(', ');
      const expected = `a record batch of ${rows} rows with ${names}, as the manifest says`;
      const { location } = this.#shards[shard]!;
      throw new ShardError('SHARD_FORMAT', location, expected, problem, { cause, place });
    }
  }

  #publish(
    shard: number,
    recordBatch: number,
    range: Uint8Array,
    columns: RecordBatchColumns,
  ): void {
    const index = this.#indexes[shard];
    if (index === undefined || index.has(recordBatch)) return;
    const { offsets, values, segments, units } = columns;
    const rows = offsets.length - 1;
    const room = new LoadedRows(
      this.#resident,
      this.#shape,
      new ArrayBuffer(cellBytes(this.#shape)),
      () => {},
    );
    room.add(0);
    const checksums = new Int32Array(rows);
    for (let row = 0; row < rows; row++) {
      const cell = room.cell(0, offsets[row + 1]! - offsets[row]!, undefined);
      copyRow(columns, row, cell);
      checksums[row] = cellChecksum(cell);
    }
    index.publish(recordBatch, {
      valuesAt: values.byteOffset - range.byteOffset,
      unitsAt: units === undefined ? 0 : units.byteOffset - range.byteOffset,
      offsets,
      checksums,
      segments: segments?.subarray(0, rows),
    });
  }

  #rowsOf(shard: number, recordBatch: number): number {
    const { rowsPerRecordBatch, shards } = this.#manifest;
    return Math.min(rowsPerRecordBatch, shards[shard]!.rows - recordBatch * rowsPerRecordBatch);
  }

  async #source(shard: number): Promise<ByteSource> {
    const source = this.#sources.get(shard) ?? (await this.#opened(shard));
    this.#use(shard);
    return source;
  }

  /** Opens a shard, once for all who wait for it. */
  #opened(shard: number): Promise<ByteSource> {
    const under = this.#opening.get(shard);
    if (under !== undefined) return under;
    const opening = openShard(this.#shards[shard]!.location, this.#manifest.shards[shard]!)
      .then((source) => {
        this.#sources.set(shard, source);
        return source;
      })
      .finally(() => this.#opening.delete(shard));
    this.#opening.set(shard, opening);
    return opening;
  }

  /** Keeps the number of open files bounded. */
  #use(shard: number): void {
    this.#open.delete(shard);
    this.#open.add(shard);
    if (this.#open.size <= openFiles) return;
    const [oldest] = this.#open;
    this.#open.delete(oldest!);
    this.#sources.get(oldest!)!.release();
  }

  #take(rows: number): ArrayBuffer {
    const bytes = rows * cellBytes(this.#shape);
    const spare = this.#spare.pop();
    return spare !== undefined && spare.byteLength >= bytes ? spare : new ArrayBuffer(bytes);
  }
}

type Column = Uint8Array | Uint16Array | Uint32Array;

function bytesOf({ buffer, byteOffset, byteLength }: Column): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function copyRow({ offsets, values, units }: RecordBatchColumns, index: number, cell: Cell): void {
  const start = offsets[index]!;
  const end = offsets[index + 1]!;
  cell.ids.set(values.subarray(start, end));
  if (units !== undefined) cell.units?.set(units.subarray(start, end));
}
