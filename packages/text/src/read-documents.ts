import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
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
 * `text` field is one, and a folder stands for all of these below it, sorted by path.
 *
 * @throws {TextError} for a path that is missing, text that is empty or not UTF-8, or a malformed line.
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
    const text = decode(path, await readFile(path));
    if (!path.endsWith('.jsonl')) {
      yield { id: id++, source: path, text };
      continue;
    }
    for (const [index, line] of text.split('\n').entries()) {
      if (line.trim() === '') continue;
      const source = `${path}:${index + 1}`;
      yield { id: id++, source, text: textOfLine(source, line) };
    }
  }
}

/** Number of bytes in all files that `readDocuments` would read. */
export async function textBytes(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(
    (await listFiles(paths)).map(async (path) => (await stat(path)).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function listFiles(paths: readonly string[]): Promise<string[]> {
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
    const below = (await readdir(path, { recursive: true }))
      .filter((name) => endings.some((ending) => name.endsWith(ending)))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    if (below.length === 0) {
      throw new TextError(
        'TEXT_EMPTY',
        path,
        `The folder ${path} is empty of text: found no ${endings.join(', ')} file below it`,
      );
    }
    files.push(...below.map((name) => join(path, name)));
  }
  return files;
}

function decode(path: string, bytes: Buffer): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TextError(
      'TEXT_ENCODING',
      path,
      `${path} is not UTF-8 from byte ${firstBadByte(bytes)} on: convert it, for example with iconv`,
      { cause },
    );
  }
  if (text.trim() === '') {
    throw new TextError(
      'TEXT_EMPTY',
      path,
      `${path} is empty: expected text, remove the file or fill it`,
    );
  }
  return text;
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
