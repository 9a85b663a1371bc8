import { ignoredLabel, type MaskedOutput, type OutputLengths } from '@maskloom/core';
import {
  Field,
  type FixedSizeList,
  Int32,
  type RecordBatch,
  Schema,
  Uint8,
  Uint64,
} from 'apache-arrow';
import { align, type SlotWriter } from '../slot.ts';
import {
  addressOf,
  type Layout,
  type LayoutContext,
  type PadOptions,
  paddedWidths,
  rectangle,
} from './layout.ts';

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
 */
export function dense(options: PadOptions = {}): Layout {
  const widthOf = (context: LayoutContext, ofBatch: OutputLengths) =>
    paddedWidths(options, context, ofBatch).inputs;

  return {
    name: 'dense',

    schema(context, ofBatch) {
      const width = widthOf(context, ofBatch);
      return new Schema([
        new Field('sample', new Uint64(), false),
        new Field('input_ids', rectangle(new Int32(), width), false),
        new Field('labels', rectangle(new Int32(), width), false),
        new Field('attention_mask', rectangle(new Uint8(), width), false),
        ...(context.sentenceOrder
          ? [
              new Field('token_type_ids', rectangle(new Uint8(), width), false),
              new Field('sentence_label', new Uint8(), false),
            ]
          : []),
      ]);
    },

    capacity(context, rows) {
      const tokens = rows * widthOf(context, context.capacity);
      const order = context.sentenceOrder ? align(tokens) + align(rows) : 0;
      return align(rows * 8) + 2 * align(tokens * 4) + align(tokens) + order;
    },

    write(writer, context, slice, masker, onRow) {
      const width = widthOf(context, slice.capacity);
      const rows = slice.rows.length;
      writer.field(rows);
      const sample = writer.uint64(rows);
      writer.field(rows);
      writer.field(rows * width);
      const inputIds = writer.int32(rows * width);
      writer.field(rows);
      writer.field(rows * width);
      const labels = writer.int32(rows * width);
      writer.field(rows);
      writer.field(rows * width);
      const attentionMask = writer.uint8(rows * width);
      const order = context.sentenceOrder ? orderColumns(writer, rows, width) : undefined;

      slice.rows.forEach((row, index) => {
        const start = index * width;
        const end = start + row.ids.length;
        const out: MaskedOutput = {
          inputIds: inputIds.subarray(start, end),
          labels: labels.subarray(start, end),
        };
        sample[index] = row.sample;
        masker.maskInto(row.ids, addressOf(slice, row), out);
        inputIds.fill(context.vocab.padId, end, start + width);
        labels.fill(ignoredLabel, end, start + width);
        attentionMask.fill(1, start, end);
        attentionMask.fill(0, end, start + width);
        if (order !== undefined) {
          order.tokenTypeIds.fill(0, start, start + width);
          order.tokenTypeIds.fill(1, start + out.segment!, end);
          order.sentenceLabel[index] = out.sentenceLabel!;
        }
        onRow?.(row, out);
      });
    },
  };
}

function orderColumns(writer: SlotWriter, rows: number, width: number) {
  writer.field(rows);
  writer.field(rows * width);
  const tokenTypeIds = writer.uint8(rows * width);
  writer.field(rows);
  return { tokenTypeIds, sentenceLabel: writer.uint8(rows) };
}

/** The columns of a `dense` batch: row r is at `[r * width, (r + 1) * width)`. */
export interface DenseColumns {
  readonly rows: number;
  readonly width: number;
  /** BigUint64Array[rows] */
  readonly sample: BigUint64Array;
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
}

/** The columns of a record batch in the `dense` layout: views, no copy. */
export function readDense(batch: RecordBatch): DenseColumns {
  const list = batch.getChild('input_ids')!.data[0]!;
  const width = (list.type as FixedSizeList).listSize;
  const values = (name: string) =>
    batch.getChild(name)?.data[0]?.children[0]?.values.subarray(0, batch.numRows * width);
  return {
    rows: batch.numRows,
    width,
    sample: (batch.getChild('sample')!.data[0]!.values as BigUint64Array).subarray(
      0,
      batch.numRows,
    ),
    inputIds: values('input_ids') as Int32Array,
    labels: values('labels') as Int32Array,
    attentionMask: values('attention_mask') as Uint8Array,
    tokenTypeIds: values('token_type_ids') as Uint8Array | undefined,
    sentenceLabel: batch.getChild('sentence_label')?.data[0]?.values.subarray(0, batch.numRows) as
      | Uint8Array
      | undefined,
  };
}
