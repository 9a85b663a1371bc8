import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rowChecksum } from './row-checksum.ts';

const checksum = (bytes: number[] | string, seed: number) => {
  const array = typeof bytes === 'string' ? Buffer.from(bytes) : Uint8Array.from(bytes);
  return rowChecksum(new Int32Array(Uint8Array.from(array).buffer), seed) >>> 0;
};

test('the checksum of a row is MurmurHash3_x86_32', () => {
  // Vectors collected by Ian Boyd, https://stackoverflow.com/a/31929528, and those of SMHasher.
  expect(checksum([], 0)).toBe(0);
  expect(checksum([], 1)).toBe(0x514e28b7);
  expect(checksum([], 0xffffffff)).toBe(0x81f16f39);
  expect(checksum([0xff, 0xff, 0xff, 0xff], 0)).toBe(0x76293b50);
  expect(checksum([0x21, 0x43, 0x65, 0x87], 0)).toBe(0xf55b516b);
  expect(checksum([0x21, 0x43, 0x65, 0x87], 0x5082edee)).toBe(0x2362f9de);
  expect(checksum([0, 0, 0, 0], 0)).toBe(0x2362f9de);
  expect(checksum('aaaa', 0x9747b28c)).toBe(0x5a97808a);
  expect(checksum('test', 0)).toBe(0xba6bd213);
});

test('any change within one word changes the checksum', () => {
  const words = fc.array(fc.nat(0xffffffff), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(words, fc.nat(), fc.integer({ min: 1, max: 0xffffffff }), (row, at, change) => {
      const altered = Int32Array.from(row);
      altered[at % row.length]! ^= change;
      expect(rowChecksum(altered, 0)).not.toBe(rowChecksum(Int32Array.from(row), 0));
    }),
  );
});
