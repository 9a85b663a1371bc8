import type { Manifest } from '../manifest.ts';
import type { ShardBytes } from '../samples.ts';

/** Words of a record batch in front of those of its rows: whether it is there, and where its lists start. */
const headWords = 3;

/** Of a verified record batch, what it takes to read single rows of it again. */
export interface IndexedRecordBatch {
  /** Where the values of `input_ids` start, in bytes from the record batch's start. */
  readonly valuesAt: number;
  /** The same of `units`, or 0. */
  readonly unitsAt: number;
  /** Arrow's offsets: row r has the values `offsets[r]` to `offsets[r + 1] - 1`. */
  readonly offsets: Int32Array;
  /** A checksum for each row. */
  readonly checksums: Int32Array;
  readonly segments: Uint32Array | undefined;
}

/**
 * What the threads of a process have learned of a shard's record batches, in memory that they share. Whoever verifies a
 * record batch's SHA-256 publishes its rows; from then on each of them can be read and verified by itself. Several
 * threads may do so at once: they write the same.
 */
export class RowIndex {
  readonly #words: Int32Array;
  readonly #rows: number;
  readonly #segments: boolean;

  constructor(bytes: ShardBytes, manifest: Manifest) {
    this.#words = new Int32Array(bytes);
    this.#rows = manifest.rowsPerRecordBatch;
    this.#segments = manifest.columns.includes('segment');
  }

  /** Bytes of the index of a shard. */
  static bytes({ rowsPerRecordBatch, columns }: Manifest, recordBatches: number): number {
    return 4 * recordBatches * strideOf(rowsPerRecordBatch, columns.includes('segment'));
  }

  has(recordBatch: number): boolean {
    return Atomics.load(this.#words, this.#start(recordBatch)) === 1;
  }

  publish(recordBatch: number, entry: IndexedRecordBatch): void {
    const start = this.#start(recordBatch);
    const offsetsAt = start + headWords;
    this.#words[start + 1] = entry.valuesAt;
    this.#words[start + 2] = entry.unitsAt;
    this.#words.set(entry.offsets, offsetsAt);
    this.#words.set(entry.checksums, offsetsAt + this.#rows + 1);
    if (entry.segments !== undefined) {
      this.#words.set(entry.segments, offsetsAt + 2 * this.#rows + 1);
    }
    // Whoever sees this sees all that was written before.
    Atomics.store(this.#words, start, 1);
  }

  /** A published record batch of so many rows: views, no copy. */
  get(recordBatch: number, rows: number): IndexedRecordBatch {
    const start = this.#start(recordBatch);
    const offsetsAt = start + headWords;
    const checksumsAt = offsetsAt + this.#rows + 1;
    const words = this.#words;
    return {
      valuesAt: words[start + 1]!,
      unitsAt: words[start + 2]!,
      offsets: words.subarray(offsetsAt, offsetsAt + rows + 1),
      checksums: words.subarray(checksumsAt, checksumsAt + rows),
      segments: this.#segments
        ? new Uint32Array(words.buffer, 4 * (checksumsAt + this.#rows), rows)
        : undefined,
    };
  }

  #start(recordBatch: number): number {
    return recordBatch * strideOf(this.#rows, this.#segments);
  }
}

function strideOf(rows: number, segments: boolean): number {
  return headWords + (segments ? 3 : 2) * rows + 1;
}
