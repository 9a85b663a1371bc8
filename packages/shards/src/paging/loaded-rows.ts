import type { LoadedSamples, ReadySamples } from '../samples.ts';
import { rowChecksum } from './row-checksum.ts';

/** How the cells that hold rows are made. */
export interface CellShape {
  /** Bytes of a token id. */
  readonly width: 2 | 4;
  /** Tokens of the longest sample. */
  readonly longest: number;
  readonly units: boolean;
  readonly segments: boolean;
}

/** Bytes of a cell: room for the longest sample, in whole 32-bit words. */
export function cellBytes({ width, longest, units }: CellShape): number {
  return wordBytes(width * longest) + (units ? wordBytes(longest) : 0);
}

/** Copies of rows from shards that are not in memory, each in a cell, beside the samples of shards that are. */
export class LoadedRows implements LoadedSamples {
  readonly rows: number;
  readonly #resident: ReadySamples;
  readonly #shape: CellShape;
  readonly #bytes: ArrayBuffer;
  readonly #dispose: (bytes: ArrayBuffer) => void;
  readonly #cellBytes: number;
  /** The cells of rows. */
  readonly #cells = new Map<number, number>();
  /** Lengths of rows that are not in memory, whether they have a cell or not. */
  readonly #lengths = new Map<number, number>();
  readonly #segments = new Map<number, number>();

  constructor(
    resident: ReadySamples,
    shape: CellShape,
    bytes: ArrayBuffer,
    dispose: (bytes: ArrayBuffer) => void,
  ) {
    this.rows = resident.rows;
    this.#resident = resident;
    this.#shape = shape;
    this.#bytes = bytes;
    this.#dispose = dispose;
    this.#cellBytes = cellBytes(shape);
  }

  length(row: number): number {
    return this.#lengths.get(row) ?? this.#resident.length(row);
  }

  sample(row: number): Uint16Array | Uint32Array {
    const cell = this.#cells.get(row);
    return cell === undefined
      ? this.#resident.sample(row)
      : this.#ids(cell, this.#lengths.get(row)!);
  }

  segment(row: number): number | undefined {
    return this.#cells.has(row) ? this.#segments.get(row) : this.#resident.segment(row);
  }

  units(row: number): Uint8Array | undefined {
    const cell = this.#cells.get(row);
    if (cell === undefined) return this.#resident.units(row);
    return this.#shape.units ? this.#units(cell, this.#lengths.get(row)!) : undefined;
  }

  [Symbol.dispose](): void {
    this.#dispose(this.#bytes);
  }

  /** Gives a row a cell. Returns whether it had none. */
  add(row: number): boolean {
    if (this.#cells.has(row)) return false;
    this.#cells.set(row, this.#cells.size);
    return true;
  }

  has(row: number): boolean {
    return this.#cells.has(row);
  }

  setLength(row: number, length: number): void {
    this.#lengths.set(row, length);
  }

  /** Where the ids and units of a row are to be written to, and the checksum of what was. */
  cell(row: number, length: number, segment: number | undefined): Cell {
    const cell = this.#cells.get(row)!;
    this.#lengths.set(row, length);
    if (segment !== undefined) this.#segments.set(row, segment);
    const units = this.#shape.units ? this.#units(cell, length) : undefined;
    return { ids: this.#ids(cell, length), units };
  }

  #ids(cell: number, length: number): Uint16Array | Uint32Array {
    const start = cell * this.#cellBytes;
    return this.#shape.width === 2
      ? new Uint16Array(this.#bytes, start, length)
      : new Uint32Array(this.#bytes, start, length);
  }

  #units(cell: number, length: number): Uint8Array {
    const { width, longest } = this.#shape;
    return new Uint8Array(this.#bytes, cell * this.#cellBytes + wordBytes(width * longest), length);
  }
}

/** Where one row is written to. */
export interface Cell {
  readonly ids: Uint16Array | Uint32Array;
  readonly units: Uint8Array | undefined;
}

/** The checksum of the row in a cell. */
export function cellChecksum({ ids, units }: Cell): number {
  const checksum = rowChecksum(wordsOf(ids), ids.length);
  return units === undefined ? checksum : rowChecksum(wordsOf(units), checksum);
}

/** The bytes of a column in a cell as 32-bit words, the last filled up with zeros. */
function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array | Uint16Array | Uint32Array) {
  const whole = wordBytes(byteLength);
  if (whole > byteLength) {
    new Uint8Array(buffer, byteOffset + byteLength, whole - byteLength).fill(0);
  }
  return new Int32Array(buffer, byteOffset, whole >> 2);
}

function wordBytes(bytes: number): number {
  return (bytes + 3) & ~3;
}
