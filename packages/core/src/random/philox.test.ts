import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mulhi32, philox4x32 } from './philox.ts';

// DEShawResearch/random123, tests/kat_vectors (commit 9545ff6, BSD-3-Clause): rounds, counter, key, output.
const knownAnswers = [
  '7 00000000 00000000 00000000 00000000 00000000 00000000 5f6fb709 0d893f64 4f121f81 4f730a48',
  '7 ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 5207ddc2 45165e59 4d8ee751 8c52f662',
  '7 243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 4dfccaba 190a87f0 c47362ba b6b5242a',
  '10 00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8',
  '10 ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd',
  '10 243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1',
];

describe('philox4x32()', () => {
  test.each(knownAnswers)('gives the known answer of Random123: %s', (line) => {
    const [rounds, ...hex] = line.split(' ');
    const words = hex.map((word) => Number.parseInt(word, 16));
    const out = new Uint32Array(4);
    const [c0, c1, c2, c3, k0, k1] = words as [number, number, number, number, number, number];
    philox4x32(out, c0, c1, c2, c3, k0, k1, Number(rounds));
    expect([...out]).toEqual(words.slice(6));
  });

  test('gives the 10000th value that C++26 [rand.predef] requires of std::philox4x32', () => {
    const out = new Uint32Array(4);
    philox4x32(out, 2499, 0, 0, 0, 20111115, 0);
    expect(out[3]).toBe(1955073260);
  });
});

test('mulhi32() is the high half of the 64-bit product', () => {
  const uint32 = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(uint32, uint32, (a, b) => {
      expect(mulhi32(a, b)).toBe(Number((BigInt(a) * BigInt(b)) >> 32n));
    }),
    { numRuns: 5000, examples: [[0xffffffff, 0xffffffff]] },
  );
});
