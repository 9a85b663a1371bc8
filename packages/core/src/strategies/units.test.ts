import { expect, test } from 'vitest';
import { vocabTables } from '../vocab.ts';
import { splitUnits, unitsOfLength } from './units.ts';

// Ids: 0 pad, 1 cls, 2 sep, 3 mask; 4 to 6 begin words, 7 to 9 continue them.
const vocab = vocabTables({
  size: 10,
  maskId: 3,
  padId: 0,
  specialIds: [0, 1, 2, 3],
  continuationIds: [7, 8, 9],
});

function units(kind: 'token' | 'word', ids: number[]): number[][] {
  const found = unitsOfLength(ids.length);
  splitUnits(kind, ids, vocab, found);
  return Array.from({ length: found.count }, (_, unit) => {
    const [start, end] = [found.start[unit]!, found.end[unit]!];
    return Array.from({ length: end - start }, (_, index) => start + index);
  });
}

test('words are those of the comment in masked_dataset.py of Megatron-LM', () => {
  // [CLS] id ##id ##id id ##id [SEP] id ##id [SEP]
  expect(units('word', [1, 4, 7, 8, 5, 9, 2, 6, 7, 2])).toEqual([
    [1, 2, 3],
    [4, 5],
    [7, 8],
  ]);
});

test('a piece after a special token, or at the start, begins a word', () => {
  expect(units('word', [7, 8, 2, 9, 4])).toEqual([[0, 1], [3], [4]]);
});

test('a token is a unit by itself, and special tokens are in none', () => {
  expect(units('token', [1, 4, 7, 2])).toEqual([[1], [2]]);
  expect(units('word', [1, 2, 0])).toEqual([]);
  expect(units('word', [])).toEqual([]);
});

// huggingface/transformers tests/trainer/test_data_collator.py, test_calc_word_ids_and_prob_mask: word ids
// of offsets; here the same words by continuation pieces.
test.each([
  [
    [1, 4, 7, 5, 8, 6],
    [-1, 1, 1, 2, 2, 3],
  ],
  [
    [1, 4, 7, 5, 8, 2],
    [-1, 1, 1, 2, 2, -1],
  ],
  [
    [1, 4, 7, 2, 5, 2],
    [-1, 1, 1, -1, 2, -1],
  ],
  [
    [4, 7, 8, 9, 7, 8],
    [1, 1, 1, 1, 1, 1],
  ],
  [
    [1, 1, 2, 0, 0, 0],
    [-1, -1, -1, -1, -1, -1],
  ],
])('word ids are those of the HF collator: %j', (ids, wordIds) => {
  const found = Array.from(ids, () => -1);
  units('word', ids).forEach((positions, word) => {
    for (const position of positions) found[position] = word + 1;
  });
  expect(found).toEqual(wordIds);
});
