import { type RecordBatch, RecordBatchStreamWriter, type Schema } from 'apache-arrow';
import type { BatchResult } from './compute.ts';
import type { BatchAddress } from './global-batch.ts';
import { isSameShape, recordBatchOf, type Slot, type SlotContents } from './slot.ts';
import type { State } from './state.ts';

/** A rank's slice of a global batch, masked. */
export interface Batch extends Required<BatchAddress> {
  /** Rows of this slice; its sum over the ranks is the global batch. */
  readonly rows: number;
  /** The columns, as the layout says. */
  readonly recordBatch: RecordBatch;
  /** The same as one message of an Arrow IPC stream. */
  readonly message: Uint8Array;
  /** The state to save once this batch was consumed. */
  readonly next: State;
  /** Sample digests, 32 bytes a sample, if they were asked for. */
  readonly digests: Uint8Array | undefined;
}

/**
 * A batch over a filled slot: views of it, no copy. Plain properties: a getter would be kept, with all it refers to, by the
 * object's hidden class, and outlive the batch.
 */
export function batchOf(
  slot: Slot,
  schema: Schema,
  { epoch, step, rank, world }: Required<BatchAddress>,
  { rows, contents, digests }: BatchResult,
  next: State,
): Batch {
  const { recordBatch, message } = viewsOf(schema, slot, contents);
  return { epoch, step, rank, world, rows, recordBatch, message, next, digests };
}

/** What of a batch are views of its slot: they stay right while batches of the same shape follow one another. */
type Views = Pick<Batch, 'recordBatch' | 'message'>;

const kept = new WeakMap<
  Slot,
  { readonly schema: Schema; readonly contents: SlotContents; readonly views: Views }
>();

function viewsOf(schema: Schema, slot: Slot, contents: SlotContents): Views {
  const before = kept.get(slot);
  if (before?.schema === schema && isSameShape(before.contents, contents)) return before.views;
  const { start, end } = contents;
  const views = {
    recordBatch: recordBatchOf(schema, slot, contents),
    message: new Uint8Array(slot.buffer, slot.start + start, end - start),
  };
  kept.set(slot, { schema, contents, views });
  return views;
}

/** The first message of an Arrow IPC stream: its schema. */
export function schemaMessage(schema: Schema): Uint8Array {
  const writer = new RecordBatchStreamWriter();
  writer.reset(undefined, schema);
  const stream = writer.finish().toUint8Array(true);
  return stream.subarray(0, stream.byteLength - endOfStream.byteLength);
}

/** The last message of an Arrow IPC stream. */
export const endOfStream: Uint8Array = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);
