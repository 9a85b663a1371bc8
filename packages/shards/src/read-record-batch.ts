/**
 * @file Reads Arrow IPC out of memory that threads share: views, no copy. Browsers decode no text in such memory, so what
 * holds text, a file's footer with its schema, is copied first.
 */
import { makeData, RecordBatch, type Schema, Struct } from 'apache-arrow';
import { Footer } from 'apache-arrow/ipc/metadata/file';
import {
  Message,
  type RecordBatch as RecordBatchMetadata,
} from 'apache-arrow/ipc/metadata/message';
import { VectorLoader } from 'apache-arrow/visitor/vectorloader';

const magic = 'ARROW1';

/** The schema and the record batches of an Arrow IPC file. */
export function readArrowFile(file: Uint8Array): {
  readonly schema: Schema;
  readonly recordBatches: RecordBatch[];
} {
  // At the end: the footer, its length, and the magic word.
  const footerEnd = file.length - magic.length - 4;
  if (footerEnd < magic.length || !hasMagic(file, 0) || !hasMagic(file, footerEnd + 4)) {
    throw new RangeError('no Arrow IPC file');
  }
  const length = viewOf(file).getInt32(footerEnd, true);
  if (length <= 0 || length > footerEnd) throw new RangeError(`a footer of ${length} bytes`);
  const footer = Footer.decode(file.slice(footerEnd - length, footerEnd));
  const { schema } = footer;
  const recordBatches = Array.from(
    footer.recordBatches(),
    ({ offset, metaDataLength, bodyLength }) =>
      readRecordBatch(schema, file.subarray(offset, offset + metaDataLength + bodyLength)),
  );
  return { schema, recordBatches };
}

/** The record batch in an encapsulated message, metadata and body. */
export function readRecordBatch(schema: Schema, bytes: Uint8Array): RecordBatch {
  const view = viewOf(bytes);
  // Continuation mark, length of the metadata, metadata, body (Arrow columnar format, encapsulated messages).
  if (view.getUint32(0, true) !== 0xffffffff) throw new RangeError('no Arrow message');
  const bodyStart = 8 + view.getInt32(4, true);
  const message = Message.decode(bytes.subarray(8, bodyStart));
  if (!message.isRecordBatch()) throw new RangeError('an Arrow message of another kind');
  const header = message.header() as RecordBatchMetadata;
  const body = bytes.subarray(bodyStart);
  const loader = new VectorLoader(body, header.nodes, header.buffers, new Map(), message.version);
  const data = makeData({
    type: new Struct(schema.fields),
    length: header.length,
    nullCount: 0,
    children: loader.visitMany(schema.fields),
  });
  return new RecordBatch(schema, data);
}

function hasMagic(file: Uint8Array, start: number): boolean {
  return [...magic].every((letter, index) => file[start + index] === letter.charCodeAt(0));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
