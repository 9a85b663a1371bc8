import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fullSentences, type Sample, type TokenisedSentence } from './full-sentences.ts';
import { pairPacker } from './sentence-pairs.ts';

const options = { maxLength: 12, clsId: 2, sepId: 3 };
const sentences = fc
  .array(
    fc.record({
      ids: fc.array(fc.integer({ min: 5, max: 99 }), { maxLength: 30 }),
      next: fc.boolean(),
    }),
    { maxLength: 40 },
  )
  .map((list) => {
    let document = 0;
    return list.map(({ ids, next }, index): TokenisedSentence => {
      if (next) document++;
      return { ids, document, offset: index };
    });
  });

test('fullSentences() loses no token and repeats none', () => {
  fc.assert(
    fc.property(sentences, fc.integer({ min: 3, max: 40 }), (list, maxLength) => {
      const samples = [...fullSentences(list, { ...options, maxLength })];
      const tokens = samples.flatMap(({ inputIds }) => inputIds.filter((id) => id >= 5));
      expect(tokens).toEqual(list.flatMap(({ ids }) => ids));
      for (const { inputIds } of samples) {
        expect(inputIds.length).toBeLessThanOrEqual(maxLength);
        expect([inputIds[0], inputIds.at(-1)]).toEqual([2, 3]);
        expect(inputIds.length).toBeGreaterThan(2);
      }
    }),
    { numRuns: 300 },
  );
});

test('fullSentences() and pairPacker() carry each token its unit', () => {
  // A token's last digit is what the column says of it; special tokens begin units.
  const given = (list: readonly TokenisedSentence[]) =>
    list.map((sentence) => ({ ...sentence, units: sentence.ids.map((id) => id % 2) }));
  const expectUnits = ({ inputIds, units }: Sample) =>
    expect(units).toEqual(inputIds.map((id) => (id < 5 ? 1 : id % 2)));
  fc.assert(
    fc.property(sentences, fc.integer({ min: 5, max: 40 }), (list, maxLength) => {
      for (const sample of fullSentences(given(list), { ...options, maxLength })) {
        expectUnits(sample);
      }
      const packer = pairPacker({ ...options, maxLength });
      const samples = given(list).flatMap((sentence) => packer.add(sentence));
      for (const sample of [...samples, ...packer.end()]) expectUnits(sample);
    }),
  );
});

test('fullSentences() keeps a sentence whole where it fits a sample', () => {
  const list = [4, 5, 3].map((length, document) => ({
    ids: Array.from({ length }, () => 10 + document),
    document: 0,
    offset: document,
  }));
  expect([...fullSentences(list, options)].map(({ inputIds }) => inputIds)).toEqual([
    [2, 10, 10, 10, 10, 11, 11, 11, 11, 11, 3],
    [2, 12, 12, 12, 3],
  ]);
});

test('fullSentences() goes on into the next document behind a separator, and tells where it began', () => {
  const list = [
    { ids: [10, 11], document: 0, offset: 40 },
    { ids: [20], document: 1, offset: 0 },
  ];
  expect([...fullSentences(list, options)]).toEqual([
    { inputIds: [2, 10, 11, 3, 20, 3], document: 0, offset: 40 },
  ]);
});

test('fullSentences() refuses samples without room', () => {
  expect(() => [...fullSentences([], { ...options, maxLength: 2 })]).toThrow(/^maxLength is 2/);
});

test('fullSentences() cuts a sentence of 300,000 tokens in linear time', () => {
  // With quadratic time this takes over half a minute.
  const ids = Array.from({ length: 300_000 }, (_, index) => 5 + (index % 90));
  const samples = [...fullSentences([{ ids, document: 0, offset: 7 }], options)];
  expect(samples).toHaveLength(30_000);
  expect(samples.at(-1)).toEqual({ inputIds: [2, ...ids.slice(-10), 3], document: 0, offset: 7 });
}, 10_000);
