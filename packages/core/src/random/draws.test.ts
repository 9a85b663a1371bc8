import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDraws } from './draws.ts';
import * as op from './ops.ts';
import { philox4x32 } from './philox.ts';

const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

test('word() is the Philox word that the counter layout names', () => {
  fc.assert(
    fc.property(
      uint64,
      uint32,
      uint64,
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: 0, max: 2 ** 26 - 1 }),
      (seed, epoch, sample, anyOp, index) => {
        const block = new Uint32Array(4);
        philox4x32(
          block,
          anyOp * 2 ** 24 + (index >>> 2),
          epoch,
          Number(sample & 0xffffffffn),
          Number(sample >> 32n),
          Number(seed & 0xffffffffn),
          Number(seed >> 32n),
        );
        expect(createDraws(seed).at(epoch, sample).word(anyOp, index)).toBe(block[index & 3]);
      },
    ),
  );
});

test('word() does not depend on what was drawn before', () => {
  const where = fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 100 }));
  fc.assert(
    fc.property(uint64, fc.array(where, { minLength: 1, maxLength: 50 }), (seed, places) => {
      const draws = createDraws(seed).at(1, 2);
      const together = places.map(([anyOp, index]) => draws.word(anyOp, index));
      const alone = places.map(([anyOp, index]) => createDraws(seed).at(1, 2).word(anyOp, index));
      expect(together).toEqual(alone);
    }),
  );
});

test('half() takes the low half of a word first', () => {
  const draws = createDraws(7).at(0, 0);
  for (let index = 0; index < 64; index++) {
    const word = draws.word(op.select, index >> 1);
    expect(draws.half(op.select, index)).toBe(index % 2 === 0 ? word & 0xffff : word >>> 16);
  }
});

test('below() is the high half of the product of a word and the count', () => {
  const count = fc.integer({ min: 1, max: 0xffffffff });
  fc.assert(
    fc.property(uint64, fc.nat(2 ** 26 - 1), count, (seed, index, count) => {
      const draws = createDraws(seed).at(1, seed);
      const word = BigInt(draws.word(op.token, index));
      expect(draws.below(op.token, index, count)).toBe(Number((word * BigInt(count)) >> 32n));
    }),
    { numRuns: 1000, examples: [[0n, 0, 0xffffffff]] },
  );
});

test('a sample given as a number or as a bigint has the same draws', () => {
  for (const sample of [0, 1, 2 ** 31, 2 ** 32, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER]) {
    expect(createDraws(1).at(0, sample).word(0, 0)).toBe(
      createDraws(1n).at(0, BigInt(sample)).word(0, 0),
    );
  }
});

test('neighbouring seeds, epochs and samples never alias', () => {
  // Megatron, Grain and Streaming add seed, epoch or index, so that (s+1, i-1) repeats (s, i).
  const first = (seed: number, epoch: number, sample: number) => {
    const draws = createDraws(seed).at(epoch, sample);
    return `${draws.word(op.select, 0)} ${draws.word(op.select, 1)}`;
  };
  const seen = new Set<string>();
  for (let seed = 0; seed < 20; seed++)
    for (let epoch = 0; epoch < 20; epoch++)
      for (let sample = 0; sample < 20; sample++) seen.add(first(seed, epoch, sample));
  expect(seen.size).toBe(20 ** 3);
});

test('createDraws() refuses what is not an unsigned 64-bit seed', () => {
  for (const seed of [-1, 0.5, Number.NaN, 2 ** 53, -1n, 2n ** 64n]) {
    expect(() => createDraws(seed)).toThrow(/^seed is .*, expected an integer from 0 to 2\^64-1/);
  }
  expect(() => createDraws(0).at(2 ** 32, 0)).toThrow(/^epoch is 4294967296/);
  expect(() => createDraws(0).at(0, -1)).toThrow(/^sample is -1/);
});

test('no draw is another beyond the last one: an index out of range is refused, not wrapped', () => {
  const draws = createDraws(0).at(0, 0);
  for (const index of [2 ** 26, 2 ** 32, 2 ** 33, -1]) {
    expect(() => draws.word(0, index)).toThrow(/expected a draw below 2\^26/);
    expect(() => draws.below(0, index, 10)).toThrow(/expected a draw below 2\^26/);
  }
  for (const index of [2 ** 27, 2 ** 32, 2 ** 33, -1]) {
    expect(() => draws.half(0, index)).toThrow(/expected a draw below 2\^27/);
  }
  expect(draws.half(0, 2 ** 27 - 1)).toBe(draws.word(0, 2 ** 26 - 1) >>> 16);
});
