import fc from 'fast-check';
import { expect, test } from 'vitest';
import { vocabTables } from '../vocab.ts';
import { splitUnits, type UnitKind, unitsOfLength } from './units.ts';

// Ids: 0 pad, 1 cls, 2 sep, 3 mask; 4 to 6 begin words, 7 to 9 continue them.
const vocab = vocabTables({
  size: 10,
  maskId: 3,
  padId: 0,
  specialIds: [0, 1, 2, 3],
  continuationIds: [7, 8, 9],
});

function units(kind: UnitKind, ids: number[], column?: number[]): number[][] {
  const found = unitsOfLength(ids.length);
  splitUnits(kind, { ids, segment: undefined, units: column }, vocab, found);
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

test('a column says where units begin, so that words and entities can both be units', () => {
  // Words of a vocabulary without continuation ids; then an entity of three tokens among single ones.
  expect(units('column', [1, 4, 5, 6, 4, 2], [1, 1, 0, 1, 0, 1])).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(units('column', [1, 4, 5, 6, 4, 4, 2], [1, 1, 1, 0, 0, 1, 1])).toEqual([
    [1],
    [2, 3, 4],
    [5],
  ]);
});

test('a column of what continuation ids say gives the units that they give', () => {
  const sample = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 });
  fc.assert(
    fc.property(sample, (ids) => {
      const column = ids.map((id) => (id >= 7 ? 0 : 1));
      expect(units('column', ids, column)).toEqual(units('word', ids));
    }),
  );
});

test('what continues a unit after a special token, or at the start, begins one', () => {
  expect(units('column', [4, 5, 2, 6, 4], [0, 0, 0, 0, 0])).toEqual([
    [0, 1],
    [3, 4],
  ]);
});

test('a column is refused that is missing, of another length, or not of 0 and 1', () => {
  expect(() => units('column', [4, 5])).toThrow(
    'units is missing, expected a column of 2 values: give 1 where a unit begins, else 0',
  );
  expect(() => units('column', [4, 5], [1])).toThrow(
    /^units\.length is 1, expected 2, as many as tokens/,
  );
  expect(() => units('column', [4, 5], [1, 0, 1])).toThrow(/^units\.length is 3, expected 2/);
  expect(() => units('column', [4, 5], [1, 2])).toThrow(/^units\[1\] is 2, expected 0 or 1/);
  expect(() => units('column', [4, 5], [0.5, 0])).toThrow(/^units\[0\] is 0.5/);
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
