/** @file The few parts of protobuf's wire format that TensorBoard's events need. */

/** One encoded field of a message. A message is its fields, one after the other. */
export type Field = readonly number[];

/** An integer from 0 to 2^53-1, of any of the varint types. */
export function varintField(number: number, value: number): Field {
  return [...key(number, 0), ...varint(value)];
}

export function doubleField(number: number, value: number): Field {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return [...key(number, 1), ...bytes];
}

export function floatField(number: number, value: number): Field {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [...key(number, 5), ...bytes];
}

export function stringField(number: number, text: string): Field {
  return lengthDelimited(number, [...new TextEncoder().encode(text)]);
}

export function messageField(number: number, ...fields: readonly Field[]): Field {
  return lengthDelimited(number, fields.flat());
}

function lengthDelimited(number: number, bytes: readonly number[]): Field {
  return [...key(number, 2), ...varint(bytes.length), ...bytes];
}

function key(number: number, wireType: number): number[] {
  return varint(number * 8 + wireType);
}

/** Seven bits a byte, the lowest first; by division, as a shift would cut at 32 bits. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) + 0x80);
  bytes.push(value);
  return bytes;
}
