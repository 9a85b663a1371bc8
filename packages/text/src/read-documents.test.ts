import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Document, readDocuments } from './read-documents.ts';

let folder: string;
const at = (...path: string[]) => join(folder, ...path);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-text-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function read(...paths: string[]): Promise<Document[]> {
  const documents: Document[] = [];
  for await (const document of readDocuments(paths)) documents.push(document);
  return documents;
}

test('readDocuments() gives every line of a .jsonl file, wherever the pieces it is read in end', async () => {
  // Lines are read in pieces of 1 MiB: some of these end close to a border, or go over more than one.
  const length = fc.oneof(
    fc.integer({ min: 0, max: 9 }),
    fc.integer({ min: 2 ** 20 - 16, max: 2 ** 20 + 4 }),
    fc.constant(2_500_000),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(length, { minLength: 1, maxLength: 4 }),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      async (lengths, lineBreak, last) => {
        const texts = lengths.map((size) => `é${'a'.repeat(size)}日`);
        const lines = texts.map((text) => JSON.stringify({ text })).join(lineBreak);
        await writeFile(at('lines.jsonl'), lines + (last ? lineBreak : ''));
        const documents = await read(at('lines.jsonl'));
        expect(documents.map(({ id }) => id)).toEqual([...texts.keys()]);
        expect(documents.every(({ text }, index) => text === texts[index])).toBe(true);
      },
    ),
    { numRuns: 30 },
  );
});

test('readDocuments() gives lines before it reads the next, and the byte in the file that is wrong', async () => {
  const good = Buffer.from('{"text":"né"}\n');
  const bad = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]);
  await writeFile(at('lines.jsonl'), Buffer.concat([good, good, bad]));
  const documents = readDocuments([at('lines.jsonl')]);
  expect((await documents.next()).value).toMatchObject({ id: 0, text: 'né' });
  expect((await documents.next()).value).toMatchObject({ source: at('lines.jsonl:2') });
  const offset = 2 * good.length + 2;
  await expect(documents.next()).rejects.toMatchObject({ code: 'TEXT_ENCODING', offset });
});

test('readDocuments() leaves out a byte order mark, and counts it in the byte that is wrong', async () => {
  await writeFile(at('a.txt'), '\ufeffMarked.');
  await writeFile(at('b.jsonl'), '\ufeff{"text":"Marked."}\n');
  expect((await read(at('a.txt'), at('b.jsonl'))).map(({ text }) => text)).toEqual([
    'Marked.',
    'Marked.',
  ]);
  await writeFile(at('a.txt'), Buffer.concat([Buffer.from('\ufeffab'), Buffer.from([0xff])]));
  await expect(read(at('a.txt'))).rejects.toMatchObject({ code: 'TEXT_ENCODING', offset: 5 });
});

test('readDocuments() sorts a folder by bytes, and takes folders with the name of a file for folders', async () => {
  await mkdir(at('texts', 'b.txt'), { recursive: true });
  for (const name of ['é.txt', 'z.md', 'b.txt/c.txt', 'B.txt', 'notes.csv']) {
    await writeFile(at('texts', name), name);
  }
  const names = (await read(at('texts'))).map(({ text }) => text);
  expect(names).toEqual(['B.txt', 'b.txt/c.txt', 'z.md', 'é.txt']);
});

test('readDocuments() refuses a .jsonl file of blank lines, and no path at all', async () => {
  await writeFile(at('blank.jsonl'), '\n \n');
  await expect(read(at('blank.jsonl'))).rejects.toMatchObject({ code: 'TEXT_EMPTY' });
  await expect(read()).rejects.toThrow(/at least one file or folder/);
});
