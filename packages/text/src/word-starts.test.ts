import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { byteLevelTokenizer, unigramTokenizer, writeTokenizerJson } from './testing/tokenizers.ts';
import { loadTokenizer, type Tokenizer } from './tokenizer.ts';
import { trainWordPiece, writeTokenizer } from './train-tokenizer.ts';
import { wordMarks } from './word-starts.ts';

const words = ['the', 'people', 'of', 'union', 'peoples', 'unions', 'thence', 'abcdef', 'a'];
const merges = ['Ġ t', 'h e', 'Ġt he', 'p e', 'o p', 'Ġ pe', 'op l', 'Ġpe opl', 'Ġ o'];
const pieces = ['▁the', '▁people', 'ion', '▁of', '▁un', 'ple', 's'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-word-starts-'));
  await writeTokenizer(join(folder, 'wordpiece'), await trainWordPiece(words, { vocabSize: 40 }));
  const write = (name: string, json: object, kind: string) =>
    writeTokenizerJson(join(folder, name), json, kind);
  await write('byte-level', byteLevelTokenizer(merges), 'RobertaTokenizer');
  await write('unigram', unigramTokenizer(pieces), 'XLMRobertaTokenizer');
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(['wordpiece', 'byte-level', 'unigram'])('the tokens of a %s tokenizer', (name) => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await loadTokenizer(join(folder, name));
  });

  test('begin words where white space does', () => {
    const text = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(text, (list) => {
        const ids = tokenizer.encode(list.join(' '));
        const starts = tokenizer.wordStarts(ids);
        expect(starts).toHaveLength(ids.length);
        const found: number[][] = [];
        ids.forEach((id, position) => {
          if (starts[position] === 1) found.push([id]);
          else found.at(-1)!.push(id);
        });
        expect(found.map((word) => tokenizer.decode(word).trim())).toEqual(list);
      }),
    );
  });

  test('are more than the words, so that there is something to tell', () => {
    const ids = tokenizer.encode(words.join(' '));
    expect(ids.length).toBeGreaterThan(words.length);
    expect(tokenizer.vocab.continuationIds.length > 0).toBe(name === 'wordpiece');
  });
});

test('byte-level words begin behind tabs and line breaks as well, and punctuation goes with its word', async () => {
  const tokenizer = await loadTokenizer(join(folder, 'byte-level'));
  const ids = tokenizer.encode('union,\tof\nthe');
  const starts = tokenizer.wordStarts(ids);
  const at = tokenizer.tokens(ids).filter((_, position) => starts[position] === 1);
  expect(at).toEqual(['u', 'ĉ', 'Ċ']);
});

test('wordMarks() knows a word by the end of the one before, where tokens mark ends', () => {
  const begins = wordMarks({ model: { type: 'BPE', end_of_word_suffix: '</w>' } })!;
  expect([begins('er</w>', 'low'), begins('low', 'er</w>')]).toEqual([false, true]);
});

test('wordMarks() knows the space of SentencePiece models without a pre-tokenizer', () => {
  const normalizer = {
    type: 'Sequence',
    normalizers: [
      { type: 'Prepend', prepend: '▁' },
      { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
    ],
  };
  const begins = wordMarks({ normalizer, pre_tokenizer: null, model: { type: 'BPE' } })!;
  expect([begins('▁low', 'er'), begins('er', '▁low')]).toEqual([true, false]);
});

test('a tokenizer that marks nothing is told so', async () => {
  const json = byteLevelTokenizer(merges);
  const plain = { type: 'WhitespaceSplit' };
  await writeTokenizerJson(
    join(folder, 'plain'),
    { ...json, pre_tokenizer: plain, decoder: null },
    'RobertaTokenizer',
  );
  const tokenizer = await loadTokenizer(join(folder, 'plain'));
  expect(() => tokenizer.wordStarts([])).toThrow(/do not show where words begin/);
});
