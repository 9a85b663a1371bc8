import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pairPacker } from './sentence-pairs.ts';

const options = { maxLength: 12, clsId: 2, sepId: 3 };
const sentence = (length: number, document = 0, first = 10) => ({
  ids: Array.from({ length }, (_, index) => first + index),
  document,
  offset: 0,
});

test('pairPacker() loses no token but those it counts, and no pair leaves its document', () => {
  const sentences = fc.array(
    fc.record({ length: fc.integer({ min: 0, max: 30 }), next: fc.boolean() }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(sentences, fc.integer({ min: 5, max: 40 }), (list, maxLength) => {
      const packer = pairPacker({ ...options, maxLength });
      let document = 0;
      const given = list.map(({ length, next }) => {
        if (next) document++;
        return sentence(length, document, 10 + document);
      });
      const samples = [...given.flatMap((one) => packer.add(one)), ...packer.end()];
      for (const { inputIds, segment } of samples) {
        expect(inputIds.length).toBeLessThanOrEqual(maxLength);
        expect([inputIds[0], inputIds[segment - 1], inputIds.at(-1)]).toEqual([2, 3, 3]);
        expect(segment).toBeGreaterThan(2);
        expect(segment).toBeLessThan(inputIds.length - 1);
        expect(inputIds.filter((id) => id < 10)).toHaveLength(3);
      }
      const tokens = samples.flatMap(({ inputIds }) => inputIds.filter((id) => id >= 10));
      const all = given.flatMap(({ ids }) => ids);
      expect(tokens.length + packer.leftOut()).toBe(all.length);
      if (packer.leftOut() === 0) expect(tokens).toEqual(all);
    }),
    { numRuns: 300 },
  );
});

test('pairPacker() divides at the sentence end closest to the middle', () => {
  const packer = pairPacker(options);
  expect(packer.add(sentence(2, 0, 10))).toEqual([]);
  expect(packer.add(sentence(3, 0, 20))).toEqual([]);
  expect(packer.add(sentence(4, 0, 30))).toEqual([]);
  expect(packer.end()).toEqual([
    { inputIds: [2, 10, 11, 20, 21, 22, 3, 30, 31, 32, 33, 3], document: 0, offset: 0, segment: 7 },
  ]);
  expect(packer.add(sentence(4, 1, 40))).toEqual([]);
  expect(packer.end()[0]).toMatchObject({ inputIds: [2, 40, 41, 3, 42, 43, 3], segment: 4 });
});

test('pairPacker() refuses samples without room for two segments', () => {
  expect(() => pairPacker({ ...options, maxLength: 4 })).toThrow(/^maxLength is 4/);
});
