import assert from 'node:assert/strict';
import { doubleField, floatField, messageField, stringField, varintField } from './protobuf.ts';

// https://protobuf.dev/programming-guides/encoding
Deno.test("fields are encoded as in protobuf's guide to its encoding", () => {
  const a150 = varintField(1, 150);
  assert.deepEqual(a150, [0x08, 0x96, 0x01]);
  assert.deepEqual(stringField(2, 'testing'), [0x12, 0x07, ...new TextEncoder().encode('testing')]);
  assert.deepEqual(messageField(3, a150), [0x1a, 0x03, 0x08, 0x96, 0x01]);
});

Deno.test('integers beyond 32 bits keep all their bits', () => {
  const [, ...bytes] = varintField(1, Number.MAX_SAFE_INTEGER);
  const read = bytes.reduce(
    (sum, byte, index) => sum + BigInt(byte & 0x7f) * 128n ** BigInt(index),
    0n,
  );
  assert.equal(read, BigInt(Number.MAX_SAFE_INTEGER));
  assert.deepEqual(
    bytes.map((byte) => byte >> 7),
    [1, 1, 1, 1, 1, 1, 1, 0],
  );
});

Deno.test('floating-point numbers are IEEE 754, the lowest byte first', () => {
  assert.deepEqual(doubleField(1, -2), [0x09, 0, 0, 0, 0, 0, 0, 0, 0xc0]);
  assert.deepEqual(floatField(2, 1), [0x15, 0, 0, 0x80, 0x3f]);
});
