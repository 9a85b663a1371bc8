import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataset } from '@maskloom/shards';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chooseHoldout, documentHash } from './choose-holdout.ts';
import { encode } from './encode.ts';
import { readDocuments } from './read-documents.ts';
import { loadTokenizer, type Tokenizer } from './tokenizer.ts';
import { type TrainedTokenizer, trainWordPiece, writeTokenizer } from './train-tokenizer.ts';

const texts = Array.from(
  { length: 30 },
  (_, index) =>
    `Document ${index} speaks of the people, the union and Número ${index * 7}. It has a second sentence! And a third, which is longer than the others are.`,
);

let folder: string;
let tokenizer: Tokenizer;
const at = (...path: string[]) => join(folder, ...path);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-text-'));
  await mkdir(at('texts', 'below'), { recursive: true });
  for (const [index, text] of texts.slice(0, 20).entries()) {
    await writeFile(at('texts', `${String(index).padStart(2, '0')}.txt`), text);
  }
  const lines = texts.slice(20).map((text) => JSON.stringify({ text }));
  await writeFile(at('texts', 'below', 'more.jsonl'), `${lines.join('\n')}\n`);
  await writeTokenizer(at('tokenizer'), await trainWordPiece(texts, { vocabSize: 120 }));
  tokenizer = await loadTokenizer(at('tokenizer'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('a trained tokenizer', () => {
  test('loads with its vocab traits', () => {
    const { vocab, clsId, sepId } = tokenizer;
    expect(vocab).toMatchObject({ size: 120, padId: 0, maskId: 4, specialIds: [0, 1, 2, 3, 4] });
    expect([clsId, sepId]).toEqual([2, 3]);
    const all = tokenizer.tokens(Array.from({ length: 120 }, (_, id) => id));
    const pieces = all.flatMap((token, id) => (token.startsWith('##') ? [id] : []));
    expect(vocab.continuationIds).toEqual(pieces);
    expect(pieces.length).toBeGreaterThan(10);
  });

  test('gives back the text it encodes, lower-cased and without accents', () => {
    const ids = tokenizer.encode('The Union of Número 7');
    expect(ids).not.toContain(1);
    expect(tokenizer.decode(ids)).toBe('the union of numero 7');
  });

  test('is the same bytes whenever it is trained', async () => {
    await writeTokenizer(at('again'), await trainWordPiece(texts, { vocabSize: 120 }));
    expect(await readFile(at('again', 'tokenizer.json'))).toEqual(
      await readFile(at('tokenizer', 'tokenizer.json')),
    );
    await expect(
      writeTokenizer(at('again'), await trainWordPiece(texts, { vocabSize: 90 })),
    ).rejects.toThrow(/again is already there/);
  });
});

describe('a tokenizer trained with sentinels', () => {
  const options = { vocabSize: 120, sentinels: 9, specialTokens: ['[R]', '[S]', '[X]'] };

  test('has them at the end, counting down, and the other special tokens at the start', async () => {
    await writeTokenizer(at('sentinels'), await trainWordPiece(texts, options));
    const { vocab, tokens, encode, sepId } = await loadTokenizer(at('sentinels'));
    expect(vocab).toMatchObject({ size: 120, sentinels: { first: 119, count: 9 }, endId: sepId });
    expect(vocab.specialIds).toEqual([0, 1, 2, 3, 4, 5, 6, 7, ...range(111, 120)]);
    expect(tokens([119, 118, 111, 5, 7])).toEqual([
      '<extra_id_0>',
      '<extra_id_1>',
      '<extra_id_8>',
      '[R]',
      '[X]',
    ]);
    expect(encode('the <extra_id_3> union [S]')).toEqual(
      [encode('the'), 116, encode('union'), 6].flat(),
    );
  });

  test('has the pieces of one without them, and tells nothing of sentinels where there are none', async () => {
    const pieces = (trained: TrainedTokenizer) =>
      Object.keys(trained.tokenizer.model.vocab).filter((piece) => !/^[[<]..*[\]>]$/.test(piece));
    expect(pieces(await trainWordPiece(texts, options))).toEqual(
      pieces(await trainWordPiece(texts, { vocabSize: 108 })),
    );
    expect(Object.keys(tokenizer.vocab)).not.toContain('sentinels');
    expect(Object.keys(tokenizer.vocab)).not.toContain('endId');
  });

  test('refuses what does not hold', async () => {
    const train = (more: object) => trainWordPiece(texts, { vocabSize: 120, ...more });
    await expect(train({ sentinels: -1 })).rejects.toThrow(/^sentinels is -1/);
    await expect(train({ sentinels: 115 })).rejects.toThrow(
      /^vocabSize is 120, expected .* above 120/,
    );
    await expect(train({ specialTokens: ['[CLS]'] })).rejects.toThrow(
      /^specialTokens is "\[CLS\]"/,
    );
    await expect(train({ specialTokens: [''] })).rejects.toThrow(/^specialTokens is ""/);
  });
});

const range = (start: number, end: number) =>
  Array.from({ length: end - start }, (_, index) => start + index);

test('trainWordPiece() refuses texts without a word, and a frequency below 1', async () => {
  await expect(trainWordPiece([' \n'], { vocabSize: 90 })).rejects.toThrow(/^number of words is 0/);
  const job = trainWordPiece(texts, { vocabSize: 90, minFrequency: 0 });
  await expect(job).rejects.toThrow(/^minFrequency is 0/);
});

describe('encode()', () => {
  test('writes every token of every document, in order', async () => {
    const result = await encode({
      inputs: [at('texts')],
      tokenizer,
      out: at('data'),
      maxLength: 32,
    });
    const dataset = await openDataset(at('data'));
    expect(result.train).toMatchObject({ documents: 30, samples: dataset.rows });
    const found = [];
    for (let row = 0; row < dataset.rows; row++) found.push(...dataset.sample(row));
    expect(found.filter((id) => id > 4)).toEqual(texts.flatMap((text) => tokenizer.encode(text)));
    const lengths = Array.from({ length: dataset.rows }, (_, row) => dataset.length(row));
    expect(dataset.manifest).toMatchObject({
      tokenizer: tokenizer.digest,
      longest: Math.max(...lengths),
    });
    expect(Math.max(...lengths)).toBeLessThanOrEqual(32);
  });

  test('says where words begin, in samples and in pairs', async () => {
    for (const pairs of [false, true]) {
      const out = at(`units-${pairs}`);
      await encode({ inputs: [at('texts')], tokenizer, out, maxLength: 32, units: true, pairs });
      const dataset = await openDataset(out);
      expect(dataset.manifest.columns).toContain('units');
      const continues = new Set(tokenizer.vocab.continuationIds);
      let continued = 0;
      for (let row = 0; row < dataset.rows; row++) {
        const ids = dataset.sample(row);
        expect([...dataset.units(row)!]).toEqual(Array.from(ids, (id) => +!continues.has(id)));
        continued += ids.filter((id) => continues.has(id)).length;
      }
      expect(continued).toBeGreaterThan(30);
    }
  });

  test('sets documents aside, the same ones whatever the order of the files', async () => {
    const job = { tokenizer, maxLength: 32, holdout: 0.2 };
    const inputs = [
      at('texts', 'below', 'more.jsonl'),
      at('texts', '00.txt'),
      at('texts', '01.txt'),
    ];
    const result = await encode({ ...job, inputs, out: at('a') });
    await encode({ ...job, inputs: inputs.toReversed(), out: at('b'), holdoutOut: at('c') });
    expect([result.train.documents, result.holdout?.documents]).toEqual([10, 2]);
    const tokensOf = async (directory: string) => {
      const dataset = await openDataset(at(directory));
      const rows = Array.from({ length: dataset.rows }, (_, row) => [...dataset.sample(row)]);
      return rows
        .flat()
        .filter((id) => id > 4)
        .sort();
    };
    expect(await tokensOf('a-holdout')).toEqual(await tokensOf('c'));
    const all = [...(await tokensOf('a')), ...(await tokensOf('a-holdout'))].sort();
    const whole = await encode({ tokenizer, maxLength: 32, inputs, out: at('whole') });
    expect(whole.holdout).toBeUndefined();
    expect(all).toEqual(await tokensOf('whole'));
  });

  test('keeps documents with the same text on one side', async () => {
    const lines = Array.from({ length: 10 }, () => JSON.stringify({ text: texts[0] }));
    const other = Array.from({ length: 10 }, (_, index) =>
      JSON.stringify({ text: texts[index + 1] }),
    );
    await writeFile(at('twins.jsonl'), [...lines, ...other].join('\n'));
    const result = await encode({
      inputs: [at('twins.jsonl')],
      tokenizer,
      out: at('data'),
      holdout: 0.5,
    });
    expect([10, 9, 19, 20]).toContain(result.holdout!.documents);
    expect(result.train.documents + result.holdout!.documents).toBe(20);
    expect(result.train.documents).toBeGreaterThan(0);
  });

  test('leaves nothing when text fails in the middle, not even the folders above', async () => {
    await writeFile(at('texts', '10.txt'), Buffer.from([0x61, 0x62, 0xff, 0x63]));
    const before = await readdir(folder);
    const out = at('above', 'it', 'data');
    const job = encode({ inputs: [at('texts')], tokenizer, out, holdout: 0.1 });
    await expect(job).rejects.toThrow(/10\.txt is not UTF-8 from byte 2 on/);
    const plain = encode({ inputs: [at('texts')], tokenizer, out });
    await expect(plain).rejects.toMatchObject({ code: 'TEXT_ENCODING' });
    expect(await readdir(folder)).toEqual(before);
  });

  test('refuses text without a token, on either side, and leaves nothing', async () => {
    const lines = ['', ' ', '', ' '].map((text) => JSON.stringify({ text }));
    await writeFile(at('blank.jsonl'), lines.join('\n'));
    const before = await readdir(folder);
    const job = { inputs: [at('blank.jsonl')], tokenizer, out: at('data') };
    await expect(encode(job)).rejects.toMatchObject({ code: 'TEXT_EMPTY' });
    // Of the two texts one is set aside; its dataset is refused before the other is in place.
    await expect(encode({ ...job, holdout: 0.3 })).rejects.toMatchObject({ code: 'TEXT_EMPTY' });
    // The holdout has a token here, so it is complete when the training side is refused.
    const held = chooseHoldout([documentHash(''), documentHash(texts[0]!)], 0.3);
    const [first, second] = held.has(documentHash('')) ? [texts[0], ''] : ['', texts[0]];
    await writeFile(
      at('blank.jsonl'),
      [first, second].map((text) => JSON.stringify({ text })).join('\n'),
    );
    await expect(encode({ ...job, holdout: 0.3 })).rejects.toMatchObject({ code: 'TEXT_EMPTY' });
    expect(await readdir(folder)).toEqual(before);
  });

  test('refuses a second folder in, around or at the first, or without a holdout', async () => {
    const before = await readdir(folder);
    const job = { inputs: [at('no-such-text')], tokenizer, out: at('data'), holdout: 0.1 };
    for (const holdoutOut of [at('data'), at('data', 'held'), `${at('data')}/.`, folder]) {
      await expect(encode({ ...job, holdoutOut })).rejects.toThrow(
        /^holdoutOut is ".*", expected a folder apart from .*data$/,
      );
    }
    const { holdout: _, ...whole } = job;
    await expect(encode({ ...whole, holdoutOut: at('held') })).rejects.toThrow(
      /^holdoutOut is ".*held", expected none without holdout/,
    );
    expect(await readdir(folder)).toEqual(before);
  });

  test('refuses to set all documents aside', async () => {
    const job = encode({
      inputs: [at('texts', '00.txt')],
      tokenizer,
      out: at('data'),
      holdout: 0.5,
    });
    await expect(job).rejects.toThrow(/a share that leaves documents to train on, of 1/);
  });
});

describe('readDocuments() names what is wrong', () => {
  const read = async (path: string) => {
    for await (const document of readDocuments([path])) void document;
  };

  test('a missing path, an empty folder, an empty file', async () => {
    await expect(read(at('nothing'))).rejects.toMatchObject({ code: 'TEXT_MISSING' });
    await mkdir(at('bare'));
    await expect(read(at('bare'))).rejects.toThrow(/bare is empty of text/);
    await writeFile(at('empty.txt'), '\n');
    await expect(read(at('empty.txt'))).rejects.toThrow(/empty\.txt is empty/);
  });

  test('the first byte that is not UTF-8, also a character torn at the end', async () => {
    await writeFile(at('torn.txt'), Buffer.from('né').subarray(0, 2));
    await expect(read(at('torn.txt'))).rejects.toThrow(/torn\.txt is not UTF-8 from byte 1 on/);
    await writeFile(at('latin.txt'), Buffer.from('café au lait', 'latin1'));
    await expect(read(at('latin.txt'))).rejects.toThrow(/latin\.txt is not UTF-8 from byte 3 on/);
  });

  test('a malformed line, by its number', async () => {
    await writeFile(at('lines.jsonl'), '{"text":"fine"}\n{"txt":"no"}\n');
    await expect(read(at('lines.jsonl'))).rejects.toThrow(
      /lines\.jsonl:2 has no string in its field/,
    );
    await writeFile(at('lines.jsonl'), '{"text":"fine"}\nnot json\n');
    await expect(read(at('lines.jsonl'))).rejects.toThrow(/lines\.jsonl:2 is not valid JSON/);
  });
});

describe('loadTokenizer() names what is wrong', () => {
  test('a folder without tokenizer.json, and a path that is not there', async () => {
    await expect(loadTokenizer(at('texts'))).rejects.toThrow(
      /No tokenizer in .*texts: expected tokenizer.json/,
    );
    await expect(loadTokenizer(at('no', 'such', 'folder'))).rejects.toThrow(/found no such folder/);
  });
});
