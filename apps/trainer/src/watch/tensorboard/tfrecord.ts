import { crc32c } from './crc32c.ts';

/**
 * Frames bytes as one record of a TFRecord file: u64 length, u32 masked CRC-32C of the length, the bytes,
 * u32 masked CRC-32C of the bytes; little-endian.
 */
export function frameRecord(bytes: Uint8Array): Uint8Array {
  const record = new Uint8Array(8 + 4 + bytes.length + 4);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(bytes.length), true);
  view.setUint32(8, maskedChecksum(record.subarray(0, 8)), true);
  record.set(bytes, 12);
  view.setUint32(12 + bytes.length, maskedChecksum(bytes), true);
  return record;
}

/** TFRecord masks its checksums, so that the checksum of data that holds checksums stays a good one. */
function maskedChecksum(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
