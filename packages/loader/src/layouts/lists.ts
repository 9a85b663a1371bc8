/** @file Columns of lists, and the column `sample`, which is one where rows have several samples. */
import { type Data, type DataType, Field, List, type RecordBatch, Uint64 } from 'apache-arrow';
import { align, type SlotWriter } from '../slot.ts';
import type { BatchSlice, LayoutContext } from './layout.ts';

/** The type of a column of lists. */
export function list<Item extends DataType>(item: Item): List<Item> {
  return new List(new Field('item', item, false));
}

/** Starts a column of lists; returns where each starts, to be filled in, and last where the last ends. */
export function listOffsets(writer: SlotWriter, rows: number): Int32Array {
  writer.field(rows);
  const offsets = writer.int32(rows + 1);
  offsets[0] = 0;
  return offsets;
}

/** Bytes of a column of so many lists with so many items of so many bytes. */
export function listBytes(rows: number, items: number, itemBytes: number): number {
  return align((rows + 1) * 4) + align(items * itemBytes);
}

/** Reads the values of a column: those of its lists, one behind the other, if it has lists. */
export function valuesOf(batch: RecordBatch, name: string): Data['values'] | undefined {
  const data = batch.getChild(name)?.data[0];
  if (data === undefined) return undefined;
  if (data.children.length === 0) return data.values.subarray(0, batch.numRows);
  const end = (data.valueOffsets as Int32Array)[batch.numRows];
  return data.children[0]!.values.subarray(0, end);
}

/** Where the lists of a column start, and last where the last one ends. */
export function offsetsOf(batch: RecordBatch, name: string): Int32Array | undefined {
  const data = batch.getChild(name)?.data[0];
  return (data?.valueOffsets as Int32Array | undefined)?.subarray(0, batch.numRows + 1);
}

/** The column `sample`. */
export function sampleField({ packed }: LayoutContext): Field {
  return new Field('sample', packed ? list(new Uint64()) : new Uint64(), false);
}

/** Bytes of the column `sample` at most. */
export function sampleBytes({ packed, samplesPerRow }: LayoutContext, rows: number): number {
  return packed ? listBytes(rows, rows * samplesPerRow, 8) : align(rows * 8);
}

/** Writes the column `sample`. */
export function writeSamples(
  writer: SlotWriter,
  { packed }: LayoutContext,
  { samples, starts }: BatchSlice,
): void {
  if (packed) listOffsets(writer, starts.length - 1).set(starts);
  writer.field(samples.length);
  setSamples(writer.uint64(samples.length), samples);
}

/** Sets sample ids in a column: by words, since a bigint for each would allocate. */
export function setSamples(column: BigUint64Array, samples: BatchSlice['samples']): void {
  const words = new Uint32Array(column.buffer, column.byteOffset, 2 * samples.length);
  for (let index = 0; index < samples.length; index++) {
    const { sample } = samples[index]!;
    if (typeof sample === 'bigint') column[index] = sample;
    else {
      words[2 * index] = sample;
      words[2 * index + 1] = sample / 0x1_0000_0000;
    }
  }
}

/** Reads the column `sample`: the ids, and of packed rows where each row's start among them. */
export function readSamples(batch: RecordBatch) {
  const packed = batch.getChild('sample')!.data[0]!.children.length > 0;
  return {
    sample: valuesOf(batch, 'sample') as BigUint64Array,
    starts: packed ? offsetsOf(batch, 'sample') : undefined,
  };
}
