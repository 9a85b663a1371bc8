import type { Schema } from 'apache-arrow';
import type { Manifest } from '../manifest.ts';
import { readRecordBatch } from '../read-record-batch.ts';
import { columnsOf, type RecordBatchColumns } from '../samples.ts';

/**
 * Reads the record batch in a byte range of a shard, metadata and body: views of it, no copy.
 *
 * @throws {RangeError} if there is no record batch with the manifest's columns.
 */
export function decodeRecordBatch(
  manifest: Manifest,
  schema: Schema,
  bytes: Uint8Array,
): RecordBatchColumns {
  return columnsOf(manifest, readRecordBatch(schema, bytes));
}

/**
 * Compares a record batch with the manifest: its number of rows, the lengths and the token ids.
 *
 * @throws {RangeError} naming what was found and what the manifest says.
 */
export function checkColumns(
  { longest, vocab, columns }: Manifest,
  rows: number,
  { offsets, values, segments, units }: RecordBatchColumns,
): void {
  if (offsets.length - 1 !== rows) {
    throw new RangeError(`${offsets.length - 1} rows, not ${rows}`);
  }
  for (let row = 0; row < rows; row++) {
    const length = offsets[row + 1]! - offsets[row]!;
    if (length < 0 || length > longest) {
      throw new RangeError(`a sample of ${length} tokens, where the longest has ${longest}`);
    }
  }
  const first = offsets[0]!;
  const end = offsets[rows]!;
  if (first < 0 || end > values.length || (units !== undefined && end > units.length)) {
    throw new RangeError(`lists that end at ${end} of ${values.length} values`);
  }
  if (columns.includes('segment') && (segments === undefined || segments.length < rows)) {
    throw new RangeError('no column "segment" of as many rows');
  }
  let highest = 0;
  for (let index = first; index < end; index++) {
    const id = values[index]!;
    if (id > highest) highest = id;
  }
  if (highest >= vocab.size) {
    throw new RangeError(`token id ${highest}, where the vocabulary has ${vocab.size}`);
  }
}
