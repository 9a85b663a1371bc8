import { Field, Int32, type RecordBatch, Schema, Uint8, Uint64 } from 'apache-arrow';
import { align, type SlotWriter } from '../slot.ts';
import { type Layout, maskSlice, sentenceOrders } from './layout.ts';
import { list, listBytes, listOffsets, setSamples, valuesOf } from './lists.ts';

/**
 * The `varlen` layout: all samples of the slice one behind the other, without padding, as ModernBERT and
 * FlashAttention's functions for variable lengths take them. The record batch has one row; each column is a list:
 *
 * | column | items | |
 * | --- | --- | --- |
 * | `sample` | UInt64[samples] | the sample ids |
 * | `input_ids` | Int32[tokens] | the ids the model sees |
 * | `labels` | Int32[tokens] | the original id where selected, else -100; also for a sample's first token |
 * | `cu_seqlens` | Int32[samples + 1] | where each sample starts, and last where the last one ends |
 * | `position_ids` | Int32[tokens] | each token's position in its sample |
 *
 * With sentence order also:
 *
 * | `token_type_ids` | UInt8[tokens] | 1 in the second segment, else 0 |
 * | `sentence_label` | UInt8[samples] | 1 if the segments were swapped, else 0 |
 */
export function varlen(): Layout {
  return {
    name: 'varlen',

    schema({ sentenceOrder }) {
      return new Schema([
        new Field('sample', list(new Uint64()), false),
        new Field('input_ids', list(new Int32()), false),
        new Field('labels', list(new Int32()), false),
        new Field('cu_seqlens', list(new Int32()), false),
        new Field('position_ids', list(new Int32()), false),
        ...(sentenceOrder
          ? [
              new Field('token_type_ids', list(new Uint8()), false),
              new Field('sentence_label', list(new Uint8()), false),
            ]
          : []),
      ]);
    },

    capacity({ capacity, samplesPerRow, sentenceOrder }, rows) {
      const samples = rows * samplesPerRow;
      const tokens = rows * capacity.inputs;
      const ids = listBytes(1, samples, 8) + listBytes(1, samples + 1, 4);
      const order = sentenceOrder ? listBytes(1, tokens, 1) + listBytes(1, samples, 1) : 0;
      return ids + 3 * listBytes(1, tokens, 4) + order + align(8);
    },

    write(writer, { sentenceOrder }, slice, masker, onSample) {
      const { samples } = slice;
      const starts = new Int32Array(samples.length + 1);
      samples.forEach(({ ids }, index) => {
        starts[index + 1] = starts[index]! + ids.length;
      });
      const tokens = starts.at(-1)!;
      oneList(writer, samples.length);
      setSamples(writer.uint64(samples.length), samples);
      oneList(writer, tokens);
      const inputIds = writer.int32(tokens);
      oneList(writer, tokens);
      const labels = writer.int32(tokens);
      oneList(writer, starts.length);
      writer.int32(starts.length).set(starts);
      oneList(writer, tokens);
      const positionIds = writer.int32(tokens);
      const orders = sentenceOrder ? sentenceOrders(samples.length) : undefined;
      maskSlice(masker, slice, { inputIds, labels }, starts, orders, onSample);
      for (let index = 0; index < samples.length; index++) {
        const start = starts[index]!;
        const end = starts[index + 1]!;
        for (let token = start; token < end; token++) positionIds[token] = token - start;
      }
      if (orders !== undefined) {
        oneList(writer, tokens);
        const tokenTypeIds = writer.uint8(tokens).fill(0);
        orders.segments.forEach((segment, index) => {
          tokenTypeIds.fill(1, starts[index]! + segment, starts[index + 1]!);
        });
        oneList(writer, samples.length);
        writer.uint8(samples.length).set(orders.sentenceLabels);
      }
      return 1;
    },
  };
}

/** Starts a column of one list, and its items. */
function oneList(writer: SlotWriter, items: number): void {
  listOffsets(writer, 1)[1] = items;
  writer.field(items);
}

/** The columns of a `varlen` batch: sample s is at `[cuSeqlens[s], cuSeqlens[s + 1])`. */
export interface VarlenColumns {
  readonly samples: number;
  /** BigUint64Array[samples] */
  readonly sample: BigUint64Array;
  /** Int32Array[tokens] */
  readonly inputIds: Int32Array;
  /** Int32Array[tokens] */
  readonly labels: Int32Array;
  /** Int32Array[samples + 1] */
  readonly cuSeqlens: Int32Array;
  /** Int32Array[tokens]: each token's position in its sample. */
  readonly positionIds: Int32Array;
  /** Uint8Array[tokens]; with sentence order only. */
  readonly tokenTypeIds: Uint8Array | undefined;
  /** Uint8Array[samples]; with sentence order only. */
  readonly sentenceLabel: Uint8Array | undefined;
}

/** The columns of a record batch in the `varlen` layout: views, no copy. */
export function readVarlen(batch: RecordBatch): VarlenColumns {
  const sample = valuesOf(batch, 'sample') as BigUint64Array;
  return {
    samples: sample.length,
    sample,
    inputIds: valuesOf(batch, 'input_ids') as Int32Array,
    labels: valuesOf(batch, 'labels') as Int32Array,
    cuSeqlens: valuesOf(batch, 'cu_seqlens') as Int32Array,
    positionIds: valuesOf(batch, 'position_ids') as Int32Array,
    tokenTypeIds: valuesOf(batch, 'token_type_ids') as Uint8Array | undefined,
    sentenceLabel: valuesOf(batch, 'sentence_label') as Uint8Array | undefined,
  };
}
