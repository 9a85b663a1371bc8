import { type DataType, Field, List, Schema, Uint8, Uint16, Uint32, Uint64 } from 'apache-arrow';
import type { ExtraColumn } from './manifest.ts';

/** Token ids by the width of the vocabulary, never by content. */
export function tokenType(vocabSize: number): Uint16 | Uint32 {
  return vocabSize <= 65536 ? new Uint16() : new Uint32();
}

/** An array of `length` token ids, by the width of the vocabulary. */
export function tokenArray(vocabSize: number, length: number): Uint16Array | Uint32Array {
  return vocabSize <= 65536 ? new Uint16Array(length) : new Uint32Array(length);
}

/** The Arrow schema of a dataset's shards. */
export function shardSchema(vocabSize: number, columns: readonly ExtraColumn[]): Schema {
  const fields: Field[] = [
    new Field('input_ids', new List(new Field('item', tokenType(vocabSize), false)), false),
  ];
  for (const column of columns) fields.push(new Field(column, extraType(column), false));
  return new Schema(fields);
}

function extraType(column: ExtraColumn): DataType {
  if (column === 'units') return new List(new Field('item', new Uint8(), false));
  return column === 'offset' ? new Uint64() : new Uint32();
}
