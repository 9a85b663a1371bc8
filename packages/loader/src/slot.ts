/**
 * @file A slot of the ring: memory that holds one Arrow IPC message, a record batch, as it goes to a
 * socket. A worker writes the columns of the body straight into it, each buffer at a multiple of 64
 * bytes, then the metadata in front of the body.
 */
import { type Field, makeData, RecordBatch, type Schema, Struct } from 'apache-arrow';
import {
  BufferRegion,
  FieldNode,
  Message,
  RecordBatch as RecordBatchMetadata,
} from 'apache-arrow/ipc/metadata/message';
import { VectorLoader } from 'apache-arrow/visitor/vectorloader';

/** Memory that threads may share. */
export type SlotBytes = SharedArrayBuffer | ArrayBuffer;

/** Part of a memory that one batch is written to. */
export interface Slot {
  readonly buffer: SlotBytes;
  /** Its first byte, a multiple of 64. */
  readonly start: number;
  readonly bytes: number;
}

/** A slot in memory of its own, which threads may share where the runtime has such memory. */
export function newSlot(bytes: number, shared: boolean): Slot {
  return {
    buffer: shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes),
    start: 0,
    bytes,
  };
}

/** Bytes kept free in front of the body for the message's metadata. */
export const metadataRoom = 2048;
const alignment = 64;

/** The next multiple of 64. */
export function align(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** What a filled slot holds; small enough to be posted between threads. */
export interface SlotContents {
  /** Rows of the record batch. */
  readonly rows: number;
  /** Where the message starts and ends in the slot. */
  readonly start: number;
  readonly end: number;
  /** Lengths of the Arrow field nodes, in schema order. */
  readonly nodes: readonly number[];
  /** Offset and length of each buffer in the body, in schema order, one behind the other. */
  readonly buffers: readonly number[];
}

/** Writes the columns of a record batch into a slot, in schema order. */
export class SlotWriter {
  readonly #slot: Slot;
  readonly #nodes: number[] = [];
  readonly #buffers: number[] = [];
  #end = metadataRoom;

  constructor(slot: Slot) {
    this.#slot = slot;
  }

  /** Starts a column, or a list's items, of so many values without nulls. */
  field(length: number): void {
    this.#nodes.push(length);
    // Without nulls the validity buffer is left empty.
    this.#buffers.push(this.#end - metadataRoom, 0);
  }

  uint8(length: number): Uint8Array {
    return new Uint8Array(this.#slot.buffer, this.#take(length), length);
  }

  uint16(length: number): Uint16Array {
    return new Uint16Array(this.#slot.buffer, this.#take(length * 2), length);
  }

  uint32(length: number): Uint32Array {
    return new Uint32Array(this.#slot.buffer, this.#take(length * 4), length);
  }

  int32(length: number): Int32Array {
    return new Int32Array(this.#slot.buffer, this.#take(length * 4), length);
  }

  uint64(length: number): BigUint64Array {
    return new BigUint64Array(this.#slot.buffer, this.#take(length * 8), length);
  }

  #take(bytes: number): number {
    const start = this.#end;
    this.#buffers.push(start - metadataRoom, bytes);
    this.#end = align(start + bytes);
    if (this.#end > this.#slot.bytes) {
      throw new RangeError(
        `A batch of ${this.#end} bytes does not fit a slot of ${this.#slot.bytes}`,
      );
    }
    return this.#slot.start + start;
  }

  /** Writes the metadata in front of the body. */
  finish(rows: number): SlotContents {
    const shape = { rows, end: this.#end, nodes: this.#nodes, buffers: this.#buffers };
    const { contents, metadata } =
      kept.find((one) => isSameShape(one.contents, shape)) ?? keep(shape);
    const at = this.#slot.start + contents.start;
    new Uint8Array(this.#slot.buffer, at, metadata.byteLength).set(metadata);
    return contents;
  }
}

/** What of a batch its metadata depend on. */
type SlotShape = Omit<SlotContents, 'start'>;

/** Contents of one shape, and their metadata. */
interface Kept {
  readonly contents: SlotContents;
  readonly metadata: Uint8Array;
}

/**
 * Batches are often of the shape of one not long before: what was encoded for it is kept, and they share one object.
 */
const kept: Kept[] = [];
const mostKept = 8;

function keep(shape: SlotShape): Kept {
  const metadata = metadataOf(shape);
  const start = metadataRoom - metadata.byteLength;
  if (start < 0) {
    const room = `the slot's ${metadataRoom}`;
    throw new RangeError(`Metadata of ${metadata.byteLength} bytes does not fit ${room}`);
  }
  const one = { contents: { ...shape, start }, metadata };
  kept.unshift(one);
  kept.length = Math.min(kept.length, mostKept);
  return one;
}

/** The bytes in front of a body: continuation mark, length, metadata, padding to a multiple of 8. */
function metadataOf(shape: SlotShape): Uint8Array {
  const header = new RecordBatchMetadata(
    shape.rows,
    shape.nodes.map((length) => new FieldNode(length, 0)),
    regionsOf(shape),
    null,
  );
  const encoded = Message.encode(Message.from(header, shape.end - metadataRoom));
  const metadata = new Uint8Array(Math.ceil((8 + encoded.byteLength) / 8) * 8);
  const view = new DataView(metadata.buffer);
  view.setUint32(0, 0xffffffff, true);
  view.setInt32(4, metadata.byteLength - 8, true);
  metadata.set(encoded, 8);
  return metadata;
}

function regionsOf({ buffers }: SlotShape): BufferRegion[] {
  return Array.from(
    { length: buffers.length / 2 },
    (_, index) => new BufferRegion(buffers[2 * index]!, buffers[2 * index + 1]!),
  );
}

/** Whether two batches have the same metadata. */
export function isSameShape(a: SlotShape, b: SlotShape): boolean {
  if (a === b) return true;
  return (
    a.rows === b.rows && a.end === b.end && isSame(a.nodes, b.nodes) && isSame(a.buffers, b.buffers)
  );
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

/** The record batch in a filled slot: views of the slot, no copy. */
export function recordBatchOf(schema: Schema, slot: Slot, contents: SlotContents): RecordBatch {
  const loader = new VectorLoader(
    new Uint8Array(slot.buffer, slot.start + metadataRoom, contents.end - metadataRoom),
    contents.nodes.map((length) => new FieldNode(length, 0)),
    regionsOf(contents),
    new Map(),
  );
  const children = loader.visitMany(schema.fields as Field[]);
  const { rows } = contents;
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children }),
  );
}
