import { ignoredLabel, type MaskedOutput } from '@maskloom/core';
import { tokenType } from '@maskloom/shards';
import {
  type Data,
  Field,
  List,
  type RecordBatch,
  Schema,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
} from 'apache-arrow';
import { align, type SlotWriter } from '../slot.ts';
import { addressOf, type Layout } from './layout.ts';

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
 */
export function compact(): Layout {
  return {
    name: 'compact',

    schema({ vocab, capacity, sentenceOrder }) {
      const position = isNarrow(capacity.inputs) ? new Uint16() : new Uint32();
      return new Schema([
        new Field('sample', new Uint64(), false),
        new Field('input_ids', list(tokenType(vocab.size)), false),
        new Field('masked_positions', list(position), false),
        new Field('masked_labels', list(tokenType(vocab.size)), false),
        ...(sentenceOrder
          ? [
              new Field('segment', new Uint32(), false),
              new Field('sentence_label', new Uint8(), false),
            ]
          : []),
      ]);
    },

    capacity({ capacity: { inputs: longest }, sentenceOrder }, rows) {
      const order = sentenceOrder ? align(rows * 4) + align(rows) : 0;
      return order + align(rows * 8) + 3 * (align((rows + 1) * 4) + align(rows * longest * 4));
    },

    write(writer, { vocab, capacity, sentenceOrder }, slice, masker, onRow) {
      const longest = capacity.inputs;
      const rows = slice.rows.length;
      const tokens = slice.rows.reduce((sum, row) => sum + row.ids.length, 0);
      writer.field(rows);
      const sample = writer.uint64(rows);
      const idOffsets = listOffsets(writer, rows);
      const inputIds = items(writer, tokens, isNarrow(vocab.size));

      // How many tokens a batch selects is known only at its end, and the lists that follow are as long.
      const labels = new Int32Array(longest);
      const maskedPositions = new Uint32Array(tokens);
      const maskedLabels = new Uint32Array(tokens);
      const maskedOffsets = new Int32Array(rows + 1);
      const segments = new Uint32Array(rows);
      const sentenceLabels = new Uint8Array(rows);
      let masked = 0;
      let start = 0;
      slice.rows.forEach((row, index) => {
        const end = start + row.ids.length;
        const rowLabels = labels.subarray(0, row.ids.length);
        const out: MaskedOutput = { inputIds: inputIds.subarray(start, end), labels: rowLabels };
        sample[index] = row.sample;
        masker.maskInto(row.ids, addressOf(slice, row), out);
        segments[index] = out.segment ?? 0;
        sentenceLabels[index] = out.sentenceLabel ?? 0;
        for (let position = 0; position < row.ids.length; position++) {
          if (labels[position] === ignoredLabel) continue;
          maskedPositions[masked] = position;
          maskedLabels[masked++] = labels[position]!;
        }
        idOffsets[index + 1] = end;
        maskedOffsets[index + 1] = masked;
        onRow?.(row, out);
        start = end;
      });

      listOffsets(writer, rows).set(maskedOffsets);
      items(writer, masked, isNarrow(longest)).set(maskedPositions.subarray(0, masked));
      listOffsets(writer, rows).set(maskedOffsets);
      items(writer, masked, isNarrow(vocab.size)).set(maskedLabels.subarray(0, masked));
      if (sentenceOrder) {
        writer.field(rows);
        writer.uint32(rows).set(segments);
        writer.field(rows);
        writer.uint8(rows).set(sentenceLabels);
      }
    },
  };
}

/** Whether values below `limit` fit 16 bits. */
function isNarrow(limit: number): boolean {
  return limit <= 65536;
}

function list(type: Uint16 | Uint32): List {
  return new List(new Field('item', type, false));
}

function listOffsets(writer: SlotWriter, rows: number): Int32Array {
  writer.field(rows);
  const offsets = writer.int32(rows + 1);
  offsets[0] = 0;
  return offsets;
}

function items(writer: SlotWriter, length: number, narrow: boolean): Uint16Array | Uint32Array {
  writer.field(length);
  return narrow ? writer.uint16(length) : writer.uint32(length);
}

/** The columns of a `compact` batch. */
export interface CompactColumns {
  readonly rows: number;
  /** BigUint64Array[rows] */
  readonly sample: BigUint64Array;
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
}

/** The columns of a record batch in the `compact` layout: views, no copy. */
export function readCompact(batch: RecordBatch): CompactColumns {
  return {
    rows: batch.numRows,
    sample: (batch.getChild('sample')!.data[0]!.values as BigUint64Array).subarray(
      0,
      batch.numRows,
    ),
    inputIds: listReader(batch, 'input_ids'),
    positions: listReader(batch, 'masked_positions'),
    labels: listReader(batch, 'masked_labels'),
    segment: batch.getChild('segment')?.data[0]?.values.subarray(0, batch.numRows) as
      | Uint32Array
      | undefined,
    sentenceLabel: batch.getChild('sentence_label')?.data[0]?.values.subarray(0, batch.numRows) as
      | Uint8Array
      | undefined,
  };
}

function listReader(batch: RecordBatch, name: string): (row: number) => Uint16Array | Uint32Array {
  const data = batch.getChild(name)!.data[0] as Data<List<Uint16 | Uint32>>;
  const offsets = data.valueOffsets;
  const values = data.children[0]!.values as Uint16Array | Uint32Array;
  return (row) => values.subarray(offsets[row], offsets[row + 1]);
}
