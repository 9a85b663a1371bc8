import { ignoredLabel, type MaskedOutput } from '@maskloom/core';
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
import { addressOf, type Layout, type PadOptions, paddedWidths, rectangle } from './layout.ts';
import { setSamples } from './lists.ts';

/**
 * The `seq2seq` layout: rectangles, for encoder-decoder models.
 *
 * | column | type | |
 * | --- | --- | --- |
 * | `sample` | UInt64 | the sample id |
 * | `input_ids` | FixedSizeList\<Int32\>[width] | what the encoder sees, then the pad id |
 * | `decoder_input_ids` | FixedSizeList\<Int32\>[target width] | the labels, one place to the right: first the pad id, which also stands for padding |
 * | `labels` | FixedSizeList\<Int32\>[target width] | what the decoder is to write, then -100 |
 * | `attention_mask` | FixedSizeList\<UInt8\>[width] | 1 for a token of the input, 0 for padding |
 *
 * Widths come from the samples' lengths, not from what is drawn: those that no draw exceeds.
 */
export function seq2seq(options: PadOptions = {}): Layout {
  return {
    name: 'seq2seq',

    schema(context, ofBatch) {
      const width = paddedWidths(options, context, ofBatch);
      return new Schema([
        new Field('sample', new Uint64(), false),
        new Field('input_ids', rectangle(new Int32(), width.inputs), false),
        new Field('decoder_input_ids', rectangle(new Int32(), width.labels), false),
        new Field('labels', rectangle(new Int32(), width.labels), false),
        new Field('attention_mask', rectangle(new Uint8(), width.inputs), false),
      ]);
    },

    capacity(context, rows) {
      const { inputs, labels } = paddedWidths(options, context, context.capacity);
      const ids = align(rows * inputs * 4) + 2 * align(rows * labels * 4);
      return align(rows * 8) + ids + align(rows * inputs);
    },

    write(writer, context, slice, masker, onSample) {
      const width = paddedWidths(options, context, slice.capacity);
      const { padId } = context.vocab;
      const rows = slice.samples.length;
      writer.field(rows);
      setSamples(writer.uint64(rows), slice.samples);
      listOf(writer, rows, width.inputs);
      const inputIds = writer.int32(rows * width.inputs);
      listOf(writer, rows, width.labels);
      const decoderInputIds = writer.int32(rows * width.labels);
      listOf(writer, rows, width.labels);
      const labels = writer.int32(rows * width.labels);
      listOf(writer, rows, width.inputs);
      const attentionMask = writer.uint8(rows * width.inputs);

      slice.samples.forEach((row, index) => {
        const input = index * width.inputs;
        const target = index * width.labels;
        const out: MaskedOutput = {
          inputIds: inputIds.subarray(input, input + width.inputs),
          labels: labels.subarray(target, target + width.labels),
        };
        slice.tally.selected += masker.maskInto(row.ids, addressOf(slice, row), out);
        const inputLength = out.inputLength!;
        const labelLength = out.labelLength!;
        const written = {
          inputIds: out.inputIds.subarray(0, inputLength),
          labels: out.labels.subarray(0, labelLength),
          labelLength,
        };
        out.inputIds.fill(padId, inputLength);
        out.labels.fill(ignoredLabel, labelLength);
        attentionMask.fill(1, input, input + inputLength);
        attentionMask.fill(0, input + inputLength, input + width.inputs);
        decoderInputIds.fill(padId, target, target + width.labels);
        // In a row without padding the last label finds no room: the decoder never sees it.
        const shifted = Math.min(labelLength, width.labels - 1);
        decoderInputIds.set(written.labels.subarray(0, shifted), target + 1);
        onSample?.(row, written);
      });
      return rows;
    },
  };
}

/** Starts a column of lists, and their items. */
function listOf(writer: SlotWriter, rows: number, width: number): void {
  writer.field(rows);
  writer.field(rows * width);
}

/** The columns of a `seq2seq` batch: row r is at `[r * width, (r + 1) * width)`. */
export interface Seq2seqColumns {
  readonly rows: number;
  /** Of `inputIds` and `attentionMask`. */
  readonly width: number;
  /** Of `decoderInputIds` and `labels`. */
  readonly targetWidth: number;
  /** BigUint64Array[rows] */
  readonly sample: BigUint64Array;
  /** Int32Array[rows * width] */
  readonly inputIds: Int32Array;
  /** Int32Array[rows * targetWidth] */
  readonly decoderInputIds: Int32Array;
  /** Int32Array[rows * targetWidth] */
  readonly labels: Int32Array;
  /** Uint8Array[rows * width] */
  readonly attentionMask: Uint8Array;
}

/** The columns of a record batch in the `seq2seq` layout: views, no copy. */
export function readSeq2seq(batch: RecordBatch): Seq2seqColumns {
  const { numRows: rows } = batch;
  const column = (name: string) => batch.getChild(name)!.data[0]!;
  const widthOf = (name: string) => (column(name).type as FixedSizeList).listSize;
  const values = (name: string) =>
    column(name).children[0]!.values.subarray(0, rows * widthOf(name));
  return {
    rows,
    width: widthOf('input_ids'),
    targetWidth: widthOf('labels'),
    sample: (column('sample').values as BigUint64Array).subarray(0, rows),
    inputIds: values('input_ids') as Int32Array,
    decoderInputIds: values('decoder_input_ids') as Int32Array,
    labels: values('labels') as Int32Array,
    attentionMask: values('attention_mask') as Uint8Array,
  };
}
