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

test('vocabTables() lists the ids that are not special, ascending', () => {
  expect([...vocabTables(vocab).allowed]).toEqual([1, 2, 3, 5, 6, 7, 8, 9]);
});
