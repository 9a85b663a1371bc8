import { constants } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ArgumentError } from '@maskloom/core';
import { TextError } from './errors.ts';

/** A piece of text that belongs together. */
export interface Document {
  /** Number in reading order, from 0. */
  readonly id: number;
  /** The file, and for `.jsonl` the line, it is from. */
  readonly source: string;
  readonly text: string;
}

const endings = ['.txt', '.md', '.jsonl'];

/**
 * Reads documents one by one: a `.txt` or `.md` file is a document, each line of a `.jsonl` file with a
 * `text` field is one, and a folder stands for all of these below it, sorted by path. Holds one document
 * at a time. A byte order mark is not part of the text.
 *
 * @throws {TextError} for a path that is missing, text that is empty or not UTF-8, or a malformed line.
 * @throws {ArgumentError} if there is no path.
 *
 * @example
 * ```ts
 * import { readDocuments } from '@maskloom/text';
 * for await (const { source, text } of readDocuments(['texts'])) console.log(source, text.length);
 * ```
 */
export async function* readDocuments(paths: readonly string[]): AsyncGenerator<Document> {
  let id = 0;
  for (const path of await listFiles(paths)) {
    let empty = true;
    const texts = path.endsWith('.jsonl') ? readLines(path) : readWhole(path);
    for await (const { source, text } of texts) {
      empty = false;
      yield { id: id++, source, text };
    }
    if (empty) {
      throw new TextError(
        'TEXT_EMPTY',
        path,
        `${path} is empty: expected text, remove the file or fill it`,
      );
    }
  }
}

type Text = Omit<Document, 'id'>;

async function* readWhole(path: string): AsyncGenerator<Text> {
  checkLength(path, (await stat(path)).size);
  const text = decode(path, await readFile(path), 0);
  if (text.trim() !== '') yield { source: path, text };
}

/** Holds one line at a time, so that a file may exceed memory. */
async function* readLines(path: string): AsyncGenerator<Text> {
  let number = 0;
  let offset = 0;
  for await (const bytes of lines(path)) {
    const source = `${path}:${++number}`;
    const line = decode(path, bytes, offset);
    offset += bytes.length + 1;
    if (line.trim() !== '') yield { source, text: textOfLine(source, line) };
  }
}

async function* lines(path: string): AsyncGenerator<Buffer> {
  const newline = 0x0a;
  let parts: Buffer[] = [];
  let length = 0;
  const add = (part: Buffer) => {
    parts.push(part);
    length += part.length;
    checkLength(path, length);
  };
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    const bytes = chunk as Buffer;
    let start = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      add(bytes.subarray(start, end));
      yield Buffer.concat(parts);
      parts = [];
      length = 0;
      start = end + 1;
    }
    add(bytes.subarray(start));
  }
  yield Buffer.concat(parts);
}

function checkLength(path: string, length: number): void {
  if (length <= constants.MAX_STRING_LENGTH) return;
  throw new TextError(
    'TEXT_FORMAT',
    path,
    `${path} has a document of over ${constants.MAX_STRING_LENGTH} bytes, the most that one may have: split it, for example into a .jsonl file with one document a line`,
  );
}

/** Number of bytes in all files that `readDocuments` would read. */
export async function textBytes(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(
    (await listFiles(paths)).map(async (path) => (await stat(path)).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function listFiles(paths: readonly string[]): Promise<string[]> {
  if (paths.length === 0) {
    throw new ArgumentError('paths', 'at least one file or folder', paths);
  }
  const files: string[] = [];
  for (const path of paths) {
    const found = await stat(path).catch((cause: Error) => {
      throw new TextError(
        'TEXT_MISSING',
        path,
        `No text at ${path}: found no such file or folder, check the path`,
        { cause },
      );
    });
    if (!found.isDirectory()) {
      files.push(path);
      continue;
    }
    const below = (await readdir(path, { recursive: true, withFileTypes: true }))
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((name) => endings.some((ending) => name.endsWith(ending)))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    if (below.length === 0) {
      throw new TextError(
        'TEXT_EMPTY',
        path,
        `The folder ${path} is empty of text: found no ${endings.join(', ')} file below it`,
      );
    }
    files.push(...below);
  }
  return files;
}

/** Decodes bytes that begin at `start` of a file. */
function decode(path: string, bytes: Buffer, start: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: start > 0 }).decode(bytes);
  } catch (cause) {
    const offset = start + firstBadByte(bytes);
    throw new TextError(
      'TEXT_ENCODING',
      path,
      `${path} is not UTF-8 from byte ${offset} on: convert it, for example with iconv`,
      { cause, offset },
    );
  }
}

/** Where the longest beginning of whole characters ends. */
function firstBadByte(bytes: Buffer): number {
  // A stream leaves out a character that is cut at its end, where that is no error yet.
  const decodeBeginning = (end: number): string =>
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, end), {
      stream: true,
    });
  let low = 0;
  let high = bytes.length;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    try {
      decodeBeginning(middle);
      low = middle;
    } catch {
      high = middle - 1;
    }
  }
  return Buffer.byteLength(decodeBeginning(low));
}

function textOfLine(source: string, line: string): string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new TextError(
      'TEXT_FORMAT',
      source,
      `${source} is not valid JSON: expected one object a line`,
      { cause },
    );
  }
  const text = (value as { text?: unknown } | null)?.text;
  if (typeof text !== 'string') {
    throw new TextError(
      'TEXT_FORMAT',
      source,
      `${source} has no string in its field "text": expected {"text": "…"}`,
    );
  }
  return text;
}
