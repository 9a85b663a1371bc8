import assert from 'node:assert/strict';
import { crc32c } from './crc32c.ts';

function hex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g)!, (byte) => Number.parseInt(byte, 16));
}

Deno.test('crc32c() gives the examples of RFC 3720, section B.4', () => {
  const upwards = Uint8Array.from({ length: 32 }, (_, index) => index);
  const readCommand = hex(
    '01c00000000000000000000000000000' +
      '14000000000004000000001400000018' +
      '28000000000000000200000000000000',
  );
  // The RFC lists the bytes as they are sent, the lowest first.
  for (const [bytes, sent] of [
    [new Uint8Array(32), 'aa36918a'],
    [new Uint8Array(32).fill(0xff), '43aba862'],
    [upwards, '4e79dd46'],
    [upwards.toReversed(), '5cdb3f11'],
    [readCommand, '563a96d9'],
  ] as const) {
    assert.equal(crc32c(bytes), new DataView(hex(sent).buffer as ArrayBuffer).getUint32(0, true));
  }
});

Deno.test('crc32c() gives the check value of the catalogue of CRCs', () => {
  // CRC-32/ISCSI in https://reveng.sourceforge.io/crc-catalogue/all.htm
  assert.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
});
