import { ignoredLabel } from '@maskloom/core';
import { tokenType } from '@maskloom/shards';
import { Field, Int32, type RecordBatch, Schema, Uint8, Uint16, Uint32 } from 'apache-arrow';
import { align, type SlotWriter } from '../slot.ts';
import { type BatchSlice, type Layout, maskSlice, sentenceOrders } from './layout.ts';
import {
  list,
  listBytes,
  listOffsets,
  offsetsOf,
  readSamples,
  sampleBytes,
  sampleField,
  valuesOf,
  writeSamples,
} from './lists.ts';

/**
 * The `compact` layout: no padding, and labels only where there are any; the least to send.
 *
 * | column | type | |
 * | --- | --- | --- |
 * | `sample` | UInt64 | the sample id |
 * | `input_ids` | List\<UInt16 or UInt32\> by vocabulary | the ids the model sees |
 * | `masked_positions` | List\<UInt16 or UInt32\> by the dataset's longest sample | selected positions, ascending |
 * | `masked_labels` | as `input_ids` | the original ids there |
 *
 * With sentence order also:
 *
 * | `segment` | UInt32 | where the second segment starts |
 * | `sentence_label` | UInt8 | 1 if the segments were swapped, else 0 |
 *
 * Of packed rows `sample` is List\<UInt64\>, the ids of the row's samples, positions are positions in the row, and there
 * is also:
 *
 * | `cu_seqlens` | List\<Int32\> | where each of the row's samples starts, and last where the last one ends |
 */
export function compact(): Layout {
  return {
    name: 'compact',

    schema(context) {
      const { vocab, capacity, sentenceOrder, packed } = context;
      const position = isNarrow(capacity.inputs) ? new Uint16() : new Uint32();
      return new Schema([
        sampleField(context),
        new Field('input_ids', list(tokenType(vocab.size)), false),
        new Field('masked_positions', list(position), false),
        new Field('masked_labels', list(tokenType(vocab.size)), false),
        ...(sentenceOrder
          ? [
              new Field('segment', new Uint32(), false),
              new Field('sentence_label', new Uint8(), false),
            ]
          : []),
        ...(packed ? [new Field('cu_seqlens', list(new Int32()), false)] : []),
      ]);
    },

    capacity(context, rows) {
      const { capacity, sentenceOrder, packed, samplesPerRow } = context;
      const order = sentenceOrder ? align(rows * 4) + align(rows) : 0;
      const boundaries = packed ? listBytes(rows, rows * (samplesPerRow + 1), 4) : 0;
      const ids = 3 * listBytes(rows, rows * capacity.inputs, 4);
      return sampleBytes(context, rows) + ids + order + boundaries;
    },

    write(writer, context, slice, masker, onSample) {
      const { vocab, capacity, sentenceOrder, packed } = context;
      const { samples } = slice;
      const rows = slice.starts.length - 1;
      const starts = new Int32Array(samples.length + 1);
      samples.forEach(({ ids }, index) => {
        starts[index + 1] = starts[index]! + ids.length;
      });
      const tokens = starts.at(-1)!;
      writeSamples(writer, context, slice);
      const rowStarts = Int32Array.from(slice.starts, (first) => starts[first]!);
      listOffsets(writer, rows).set(rowStarts);
      const inputIds = items(writer, tokens, isNarrow(vocab.size));
      const labels = new Int32Array(tokens);
      const orders = sentenceOrder ? sentenceOrders(samples.length) : undefined;
      maskSlice(masker, slice, { inputIds, labels }, starts, orders, onSample);

      // How many tokens a batch selects is known only at its end, and the lists that follow are as long.
      const maskedPositions = new Uint32Array(tokens);
      const maskedLabels = new Uint32Array(tokens);
      const maskedOffsets = new Int32Array(rows + 1);
      let masked = 0;
      for (let row = 0; row < rows; row++) {
        const start = rowStarts[row]!;
        const end = rowStarts[row + 1]!;
        for (let token = start; token < end; token++) {
          if (labels[token] === ignoredLabel) continue;
          maskedPositions[masked] = token - start;
          maskedLabels[masked++] = labels[token]!;
        }
        maskedOffsets[row + 1] = masked;
      }

      listOffsets(writer, rows).set(maskedOffsets);
      items(writer, masked, isNarrow(capacity.inputs)).set(maskedPositions.subarray(0, masked));
      listOffsets(writer, rows).set(maskedOffsets);
      items(writer, masked, isNarrow(vocab.size)).set(maskedLabels.subarray(0, masked));
      if (orders !== undefined) {
        writer.field(rows);
        writer.uint32(rows).set(orders.segments);
        writer.field(rows);
        writer.uint8(rows).set(orders.sentenceLabels);
      }
      if (packed) writeBoundaries(writer, slice, starts);
      return rows;
    },
  };
}

/** Writes where the samples of each row start in it, and where the last one ends. */
function writeBoundaries(writer: SlotWriter, slice: BatchSlice, starts: Int32Array): void {
  const rows = slice.starts.length - 1;
  const offsets = listOffsets(writer, rows);
  const count = slice.samples.length + rows;
  writer.field(count);
  const boundaries = writer.int32(count);
  let end = 0;
  for (let row = 0; row < rows; row++) {
    const first = slice.starts[row]!;
    for (let index = first; index <= slice.starts[row + 1]!; index++) {
      boundaries[end++] = starts[index]! - starts[first]!;
    }
    offsets[row + 1] = end;
  }
}

/** Whether values below `limit` fit 16 bits. */
function isNarrow(limit: number): boolean {
  return limit <= 65536;
}

function items(writer: SlotWriter, length: number, narrow: boolean): Uint16Array | Uint32Array {
  writer.field(length);
  return narrow ? writer.uint16(length) : writer.uint32(length);
}

/** The columns of a `compact` batch. */
export interface CompactColumns {
  readonly rows: number;
  /** BigUint64Array[rows]; of packed rows, the ids of all their samples, row after row. */
  readonly sample: BigUint64Array;
  /** Int32Array[rows + 1]; of packed rows only: where each row's samples start in `sample`. */
  readonly starts: Int32Array | undefined;
  /** The ids of a row that the model sees. */
  inputIds(row: number): Uint16Array | Uint32Array;
  /** The selected positions of a row, ascending. */
  positions(row: number): Uint16Array | Uint32Array;
  /** The original ids at a row's positions. */
  labels(row: number): Uint16Array | Uint32Array;
  /** Uint32Array[rows]: where the second segment starts; with sentence order only. */
  readonly segment: Uint32Array | undefined;
  /** Uint8Array[rows]; with sentence order only. */
  readonly sentenceLabel: Uint8Array | undefined;
  /** Of packed rows only: where each of a row's samples starts, and last where the last one ends. */
  readonly cuSeqlens: ((row: number) => Int32Array) | undefined;
}

/** The columns of a record batch in the `compact` layout: views, no copy. */
export function readCompact(batch: RecordBatch): CompactColumns {
  return {
    rows: batch.numRows,
    ...readSamples(batch),
    inputIds: listReader(batch, 'input_ids')!,
    positions: listReader(batch, 'masked_positions')!,
    labels: listReader(batch, 'masked_labels')!,
    segment: valuesOf(batch, 'segment') as Uint32Array | undefined,
    sentenceLabel: valuesOf(batch, 'sentence_label') as Uint8Array | undefined,
    cuSeqlens: listReader<Int32Array>(batch, 'cu_seqlens'),
  };
}

function listReader<
  Values extends Uint16Array | Uint32Array | Int32Array = Uint16Array | Uint32Array,
>(batch: RecordBatch, name: string): ((row: number) => Values) | undefined {
  const offsets = offsetsOf(batch, name);
  if (offsets === undefined) return undefined;
  const values = valuesOf(batch, name) as Values;
  return (row) => values.subarray(offsets[row], offsets[row + 1]) as Values;
}
