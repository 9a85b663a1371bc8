import { Footer } from 'apache-arrow/ipc/metadata/file';
import type { RecordBatchRange } from './manifest.ts';
import { sha256, toHex } from './sha256/sha256.ts';

/** The byte ranges and checksums of the record batches in a finished Arrow IPC file. */
export function recordBatchRanges(file: Uint8Array): RecordBatchRange[] {
  // The file ends: footer, its length in 4 bytes, "ARROW1" (Arrow columnar format, IPC file format).
  const tail = new DataView(file.buffer, file.byteOffset + file.byteLength - 10, 4);
  const footerEnd = file.byteLength - 10;
  // Copied: it holds text, which browsers do not decode in shared memory.
  const footer = Footer.decode(file.slice(footerEnd - tail.getInt32(0, true), footerEnd));
  return [...footer.recordBatches()].map((block) => {
    const bytes = block.metaDataLength + block.bodyLength;
    const range = file.subarray(block.offset, block.offset + bytes);
    return {
      offset: block.offset,
      bytes,
      sha256: toHex(sha256(range)),
    };
  });
}
