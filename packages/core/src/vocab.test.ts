import { expect, test } from 'vitest';
import { checkVocab, vocabTables } from './vocab.ts';

const vocab = { size: 10, maskId: 4, padId: 0, specialIds: [0, 4], continuationIds: [7, 9] };

test('checkVocab() names the trait that does not hold', () => {
  expect(checkVocab(vocab)).toBe(vocab);
  expect(() => checkVocab({ ...vocab, size: 0 })).toThrow(/^vocab.size is 0/);
  expect(() => checkVocab({ ...vocab, maskId: 5 })).toThrow(/^vocab.maskId is 5/);
  expect(() => checkVocab({ ...vocab, specialIds: [4, 0] })).toThrow(/^vocab.specialIds is 0/);
  expect(() => checkVocab({ ...vocab, continuationIds: [10] })).toThrow(/^vocab.continuationIds/);
  const { continuationIds: _, ...rest } = vocab;
  expect(() => checkVocab(rest as typeof vocab)).toThrow(/^vocab.continuationIds is missing/);
  expect(() =>
    checkVocab({ ...vocab, size: 2, specialIds: [0, 1], maskId: 1, continuationIds: [] }),
  ).toThrow(/at least one id that is not special/);
});

test('checkVocab() takes sentinels and an end that are special ids, and no others', () => {
  const given = { ...vocab, specialIds: [0, 4, 7, 8, 9], continuationIds: [] };
  const sentinels = { first: 9, count: 3 };
  expect(checkVocab({ ...given, sentinels, endId: 4 })).toMatchObject({ sentinels, endId: 4 });
  expect(() => checkVocab({ ...given, endId: 5 })).toThrow(/^vocab.endId is 5/);
  for (const [first, count] of [
    [9, 4],
    [9, 0],
    [10, 2],
    [9, 1.5],
  ] as const) {
    expect(() => checkVocab({ ...given, sentinels: { first, count } })).toThrow(
      `vocab.sentinels is "${first}:${count}", expected ids of vocab.specialIds in a row`,
    );
  }
});

test('checkVocab() takes counts for all ids, and refuses what counts nothing', () => {
  const counts = [0, 5, 1, 0, 2 ** 52, 7, 1, 1, 1, 1];
  expect(checkVocab({ ...vocab, counts }).counts).toBe(counts);
  expect(() => checkVocab({ ...vocab, counts: [1, 2] })).toThrow(
    'vocab.counts.length is 2, expected 10, as many as ids',
  );
  for (const bad of [-1, 0.5, Number.NaN, 2 ** 53]) {
    const list = counts.with(7, bad);
    expect(() => checkVocab({ ...vocab, counts: list })).toThrow(/^vocab.counts\[7\] is/);
  }
  expect(() => checkVocab({ ...vocab, counts: counts.with(9, 2 ** 52) })).toThrow(
    /^vocab.counts\[9\] is 4503599627370496, expected integers from 0 that sum below 2\^53/,
  );
});

test('vocabTables() lists the ids that are not special, ascending', () => {
  expect([...vocabTables(vocab).allowed]).toEqual([1, 2, 3, 5, 6, 7, 8, 9]);
});
