import type { OutputLengths } from '@maskloom/core';
import { Field, type FixedSizeList, Int32, type RecordBatch, Schema, Uint8 } from 'apache-arrow';
import { align, type SlotWriter } from '../slot.ts';
import {
  type BatchSlice,
  type Layout,
  type LayoutContext,
  maskSlice,
  type PadOptions,
  paddedWidths,
  rectangle,
  sentenceOrders,
} from './layout.ts';
import { readSamples, sampleBytes, sampleField, writeSamples } from './lists.ts';

/**
 * The `dense` layout: rectangles, as most models take them.
 *
 * | column | type | |
 * | --- | --- | --- |
 * | `sample` | UInt64 | the sample id |
 * | `input_ids` | FixedSizeList\<Int32\>[width] | the ids the model sees, then the pad id |
 * | `labels` | FixedSizeList\<Int32\>[width] | the original id where selected, else -100 |
 * | `attention_mask` | FixedSizeList\<UInt8\>[width] | 1 for a token, 0 for padding |
 *
 * With sentence order also:
 *
 * | `token_type_ids` | FixedSizeList\<UInt8\>[width] | 1 in the second segment, else 0 |
 * | `sentence_label` | UInt8 | 1 if the segments were swapped, else 0 |
 *
 * Of packed rows `sample` is List\<UInt64\>, the ids of the row's samples, and there are also:
 *
 * | `segment_ids` | FixedSizeList\<Int32\>[width] | 1 in the row's first sample, 2 in its second, and so on; 0 for padding |
 * | `position_ids` | FixedSizeList\<Int32\>[width] | each token's position in its sample; 0 for padding |
 */
export function dense(options: PadOptions = {}): Layout {
  const widthOf = (context: LayoutContext, ofBatch: OutputLengths) =>
    paddedWidths(options, context, ofBatch).inputs;

  return {
    name: 'dense',

    schema(context, ofBatch) {
      const width = widthOf(context, ofBatch);
      return new Schema([
        sampleField(context),
        new Field('input_ids', rectangle(new Int32(), width), false),
        new Field('labels', rectangle(new Int32(), width), false),
        new Field('attention_mask', rectangle(new Uint8(), width), false),
        ...(context.sentenceOrder
          ? [
              new Field('token_type_ids', rectangle(new Uint8(), width), false),
              new Field('sentence_label', new Uint8(), false),
            ]
          : []),
        ...(context.packed
          ? [
              new Field('segment_ids', rectangle(new Int32(), width), false),
              new Field('position_ids', rectangle(new Int32(), width), false),
            ]
          : []),
      ]);
    },

    capacity(context, rows) {
      const tokens = rows * widthOf(context, context.capacity);
      const order = context.sentenceOrder ? align(tokens) + align(rows) : 0;
      const ids = context.packed ? 4 : 2;
      return sampleBytes(context, rows) + ids * align(tokens * 4) + align(tokens) + order;
    },

    write(writer, context, slice, masker, onSample) {
      const width = widthOf(context, slice.capacity);
      const rows = slice.starts.length - 1;
      writeSamples(writer, context, slice);
      startRectangle(writer, rows, width);
      const inputIds = writer.int32(rows * width);
      startRectangle(writer, rows, width);
      const labels = writer.int32(rows * width);
      startRectangle(writer, rows, width);
      const attentionMask = writer.uint8(rows * width);
      const places = placesOf(slice, width);
      const orders = context.sentenceOrder ? sentenceOrders(slice.samples.length) : undefined;
      maskSlice(masker, slice, { inputIds, labels }, places, orders, onSample);
      fillOnes(attentionMask);
      for (let row = 0; row < rows; row++) {
        const last = slice.starts[row + 1]! - 1;
        const end = places[last]! + slice.samples[last]!.ids.length;
        if (end < (row + 1) * width) attentionMask.fill(0, end, (row + 1) * width);
      }
      if (orders !== undefined) {
        startRectangle(writer, rows, width);
        const tokenTypeIds = writer.uint8(rows * width).fill(0);
        slice.samples.forEach(({ ids }, index) => {
          const start = places[index]!;
          tokenTypeIds.fill(1, start + orders.segments[index]!, start + ids.length);
        });
        writer.field(rows);
        writer.uint8(rows).set(orders.sentenceLabels);
      }
      if (context.packed) {
        startRectangle(writer, rows, width);
        const segmentIds = writer.int32(rows * width).fill(0);
        startRectangle(writer, rows, width);
        writeBoundaries(slice, places, segmentIds, writer.int32(rows * width).fill(0));
      }
      return rows;
    },
  };
}

/** Fills with 1, by words where it can: bytes that threads share are filled one by one. */
function fillOnes(bytes: Uint8Array): void {
  const words = bytes.length >> 2;
  new Int32Array(bytes.buffer, bytes.byteOffset, words).fill(0x0101_0101);
  bytes.fill(1, words << 2);
}

/** Starts a column of lists of one width, and their items. */
function startRectangle(writer: SlotWriter, rows: number, width: number): void {
  writer.field(rows);
  writer.field(rows * width);
}

/** Where each sample's place starts: padding belongs to a row's last. */
function placesOf({ samples, starts }: BatchSlice, width: number): number[] {
  const places: number[] = [];
  for (let row = 0; row + 1 < starts.length; row++) {
    let place = row * width;
    for (let index = starts[row]!; index < starts[row + 1]!; index++) {
      places.push(place);
      place += samples[index]!.ids.length;
    }
  }
  places.push((starts.length - 1) * width);
  return places;
}

function writeBoundaries(
  { samples, starts }: BatchSlice,
  places: readonly number[],
  segmentIds: Int32Array,
  positionIds: Int32Array,
): void {
  for (let row = 0; row + 1 < starts.length; row++) {
    for (let index = starts[row]!; index < starts[row + 1]!; index++) {
      const place = places[index]!;
      const { length } = samples[index]!.ids;
      segmentIds.fill(index - starts[row]! + 1, place, place + length);
      for (let position = 0; position < length; position++) {
        positionIds[place + position] = position;
      }
    }
  }
}

/** The columns of a `dense` batch: row r is at `[r * width, (r + 1) * width)`. */
export interface DenseColumns {
  readonly rows: number;
  readonly width: number;
  /** BigUint64Array[rows]; of packed rows, the ids of all their samples, row after row. */
  readonly sample: BigUint64Array;
  /** Int32Array[rows + 1]; of packed rows only: where each row's samples start in `sample`. */
  readonly starts: Int32Array | undefined;
  /** Int32Array[rows * width] */
  readonly inputIds: Int32Array;
  /** Int32Array[rows * width] */
  readonly labels: Int32Array;
  /** Uint8Array[rows * width] */
  readonly attentionMask: Uint8Array;
  /** Uint8Array[rows * width]; with sentence order only. */
  readonly tokenTypeIds: Uint8Array | undefined;
  /** Uint8Array[rows]; with sentence order only. */
  readonly sentenceLabel: Uint8Array | undefined;
  /** Int32Array[rows * width]; of packed rows only. */
  readonly segmentIds: Int32Array | undefined;
  /** Int32Array[rows * width]; of packed rows only. */
  readonly positionIds: Int32Array | undefined;
}

/** Columns that were read: a stream has a record batch for each slot, and finding columns in it takes a while. */
const read = new WeakMap<RecordBatch, DenseColumns>();

/** The columns of a record batch in the `dense` layout: views, no copy. */
export function readDense(batch: RecordBatch): DenseColumns {
  let columns = read.get(batch);
  if (columns === undefined) {
    columns = columnsOf(batch);
    read.set(batch, columns);
  }
  return columns;
}

function columnsOf(batch: RecordBatch): DenseColumns {
  const list = batch.getChild('input_ids')!.data[0]!;
  const width = (list.type as FixedSizeList).listSize;
  const values = (name: string) =>
    batch.getChild(name)?.data[0]?.children[0]?.values.subarray(0, batch.numRows * width);
  return {
    rows: batch.numRows,
    width,
    ...readSamples(batch),
    inputIds: values('input_ids') as Int32Array,
    labels: values('labels') as Int32Array,
    attentionMask: values('attention_mask') as Uint8Array,
    tokenTypeIds: values('token_type_ids') as Uint8Array | undefined,
    sentenceLabel: batch.getChild('sentence_label')?.data[0]?.values.subarray(0, batch.numRows) as
      | Uint8Array
      | undefined,
    segmentIds: values('segment_ids') as Int32Array | undefined,
    positionIds: values('position_ids') as Int32Array | undefined,
  };
}
