/**
 * @file Masks as an Arrow IPC file. Its schema's metadata says under `maskloom` what they are of.
 *
 * | column | type | |
 * | --- | --- | --- |
 * | `sample` | UInt64 | the sample id, ascending |
 * | `selected` | UInt32 | how many of its tokens are selected |
 * | `masked_positions` | List\<UInt16 or UInt32\> | selected positions, ascending |
 * | `masked_ids` | List\<UInt16 or UInt32\> | the ids that the model sees there |
 * | `sentence_label` | UInt8 | 1 if the segments were swapped, else 0; 0 without sentence order |
 *
 * Of a sequence-to-sequence strategy, instead of the last three: `input_ids` and `labels`, lists as well.
 */
import { canonicalJson, type Json } from '@maskloom/shards';
import {
  type Data,
  Field,
  List,
  makeData,
  RecordBatch,
  RecordBatchReader,
  Schema,
  Struct,
  Table,
  tableToIPC,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
} from 'apache-arrow';
import { Footer } from 'apache-arrow/ipc/metadata/file';
import type { CacheParts } from './cache-parts.ts';
import type { Masks } from './mask-memory.ts';

/** What an entry is of. */
export interface EntryHeader {
  readonly parts: CacheParts;
  readonly copy: number;
  readonly samples: number;
}

const metadataKey = 'maskloom';

/** An entry of these records, which are of one dataset and copy. */
export function encodeEntry(
  masks: Masks,
  records: readonly number[],
  { parts, copy }: Pick<EntryHeader, 'parts' | 'copy'>,
): Uint8Array {
  const { words, values } = masks;
  const { sequences, wide } = masks.memory;
  const sorted = [...records].sort((a, b) => words[a]! - words[b]!);
  const rows = sorted.length;
  const sample = new BigUint64Array(rows);
  const selected = new Uint32Array(rows);
  const labels = new Uint8Array(rows);
  const offsets = [new Int32Array(rows + 1), new Int32Array(rows + 1)] as const;
  sorted.forEach((record, row) => {
    const [first, second] = [words[record + 2]!, words[record + 3]!];
    sample[row] = masks.addressOf(words[record]!).sample;
    selected[row] = words[record + 1]!;
    if (!sequences) labels[row] = second;
    offsets[0][row + 1] = offsets[0][row]! + first;
    offsets[1][row + 1] = offsets[1][row]! + (sequences ? second : first);
  });
  const Values = wide ? Uint32Array : Uint16Array;
  const [left, right] = [new Values(offsets[0][rows]!), new Values(offsets[1][rows]!)];
  sorted.forEach((record, row) => {
    const from = masks.valuesOf(record);
    const first = words[record + 2]!;
    if (sequences) {
      left.set(values.subarray(from, from + first), offsets[0][row]);
      right.set(values.subarray(from + first, from + first + words[record + 3]!), offsets[1][row]);
      return;
    }
    for (let pair = 0; pair < first; pair++) {
      left[offsets[0][row]! + pair] = values[from + 2 * pair]!;
      right[offsets[1][row]! + pair] = values[from + 2 * pair + 1]!;
    }
  });

  const item = wide ? new Uint32() : new Uint16();
  const list = new List(new Field('item', item, false));
  const lists = [
    makeData({ type: list, valueOffsets: offsets[0], child: makeData({ type: item, data: left }) }),
    makeData({
      type: list,
      valueOffsets: offsets[1],
      child: makeData({ type: item, data: right }),
    }),
  ];
  const columns: [string, Data][] = [
    ['sample', makeData({ type: new Uint64(), data: sample })],
    ['selected', makeData({ type: new Uint32(), data: selected })],
    [sequences ? 'input_ids' : 'masked_positions', lists[0]!],
    [sequences ? 'labels' : 'masked_ids', lists[1]!],
    ...(sequences
      ? []
      : ([['sentence_label', makeData({ type: new Uint8(), data: labels })]] as [string, Data][])),
  ];
  const header: EntryHeader = { parts, copy, samples: rows };
  const schema = new Schema(
    columns.map(([name, { type }]) => new Field(name, type, false)),
    new Map([[metadataKey, canonicalJson(header as unknown as Json)]]),
  );
  const data = makeData({
    type: new Struct(schema.fields),
    length: rows,
    nullCount: 0,
    children: columns.map(([, column]) => column),
  });
  return tableToIPC(new Table(schema, [new RecordBatch(schema, data)]), 'file');
}

/** Puts an entry's masks into memory; tells of the key of each, also where memory is full. */
export function decodeEntry(masks: Masks, bytes: Uint8Array, onKey: (key: number) => void): void {
  const { words, values } = masks;
  const { sequences } = masks.memory;
  for (const batch of RecordBatchReader.from(bytes)) {
    const { copy } = headerOf(batch.schema);
    const sample = column(batch, 'sample').values as BigUint64Array;
    const selected = column(batch, 'selected').values as Uint32Array;
    const label = sequences ? undefined : (column(batch, 'sentence_label').values as Uint8Array);
    const left = column(batch, sequences ? 'input_ids' : 'masked_positions');
    const right = column(batch, sequences ? 'labels' : 'masked_ids');
    const [leftValues, rightValues] = [left.children[0]!.values, right.children[0]!.values];
    for (let row = 0; row < batch.numRows; row++) {
      const key = masks.keyOf(sample[row]!, copy);
      if (key < 0) continue;
      onKey(key);
      if (masks.recordOf(key) >= 0) continue;
      const [start, end] = [left.valueOffsets[row]!, left.valueOffsets[row + 1]!];
      const [otherStart, otherEnd] = [right.valueOffsets[row]!, right.valueOffsets[row + 1]!];
      const count = end - start + otherEnd - otherStart;
      const record = masks.reserve(count);
      if (record < 0) continue;
      const from = masks.valuesOf(record);
      if (sequences) {
        values.set(leftValues.subarray(start, end), from);
        values.set(rightValues.subarray(otherStart, otherEnd), from + end - start);
      } else {
        for (let pair = 0; pair < end - start; pair++) {
          values[from + 2 * pair] = leftValues[start + pair];
          values[from + 2 * pair + 1] = rightValues[otherStart + pair];
        }
      }
      words[record] = key;
      words[record + 1] = selected[row]!;
      words[record + 2] = end - start;
      words[record + 3] = label === undefined ? otherEnd - otherStart : label[row]!;
      masks.publish(record, count);
    }
  }
}

function column(batch: RecordBatch, name: string): Data {
  const data = batch.getChild(name)?.data[0];
  if (data === undefined) throw new RangeError(`no column "${name}"`);
  return data;
}

/** What an entry says that it is of, from its last bytes: there an Arrow file has its schema. */
export function headerAtEnd(bytes: Uint8Array): EntryHeader {
  const mark = bytes.length - 'ARROW1'.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const footer = bytes.subarray(mark - 4 - view.getInt32(mark - 4, true), mark - 4);
  return headerOf(Footer.decode(footer).schema);
}

/** What an entry says that it is of. */
function headerOf(schema: Schema): EntryHeader {
  const text = schema.metadata.get(metadataKey);
  if (text === undefined) throw new RangeError(`no metadata "${metadataKey}"`);
  return JSON.parse(text) as EntryHeader;
}
