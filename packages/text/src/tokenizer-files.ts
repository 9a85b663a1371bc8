import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AutoTokenizer, PreTrainedTokenizer } from '@xenova/transformers';
import { TokenizerError } from './errors.ts';

/** The texts of a tokenizer's two files. */
export interface TokenizerFiles {
  /** `tokenizer.json`. */
  readonly json: string;
  /** `tokenizer_config.json`. */
  readonly config: string;
}

/** Their names. */
export const tokenizerFiles = ['tokenizer.json', 'tokenizer_config.json'] as const;

/**
 * Reads the files of a tokenizer from a folder.
 *
 * @throws {TokenizerError} naming the file that is not there.
 */
export async function filesFromFolder(folder: string): Promise<TokenizerFiles> {
  const read = async (file: string): Promise<string> => {
    const path = join(folder, file);
    const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      const problem = cause.code === 'ENOENT' ? `found no ${file}` : cause.message;
      throw new TokenizerError(
        folder,
        `No tokenizer in ${folder}: expected ${tokenizerFiles.join(' and ')} there (${problem}); make one with \`maskloom tokenizer train\``,
        { cause },
      );
    });
    const problem = problemOf(path, text);
    if (problem === undefined) return text;
    throw new TokenizerError(
      folder,
      `${path}: ${problem}; copy the tokenizer again from its source, or make one with \`maskloom tokenizer train\``,
    );
  };
  const [json, config] = tokenizerFiles;
  return { json: await read(json), config: await read(config) };
}

/** What a file's text lacks of what is read of it; undefined if it has that. */
export function problemOf(path: string, text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `not valid JSON after ${text.length} characters`;
  }
  if (!isObject(value)) return 'not a JSON object';
  if (!path.endsWith(tokenizerFiles[0])) return undefined;
  if (!isObject(value['model'])) return 'no field "model", an object';
  if (!Array.isArray(value['added_tokens'])) return 'no field "added_tokens", an array';
  return undefined;
}

/**
 * The tokenizer that the files describe.
 *
 * @param name of the folder, or on the hub, for messages
 * @throws {TokenizerError} if `@xenova/transformers` does not know its kind.
 */
export function makeTokenizer(name: string, files: TokenizerFiles): PreTrainedTokenizer {
  const config = JSON.parse(files.config) as { tokenizer_class?: unknown };
  // As AutoTokenizer.from_pretrained() chooses, which would read the files once more by ways of its own.
  const classes = AutoTokenizer.TOKENIZER_CLASS_MAPPING as Record<
    string,
    typeof PreTrainedTokenizer
  >;
  const Chosen =
    classes[String(config.tokenizer_class).replace(/Fast$/, '')] ?? PreTrainedTokenizer;
  try {
    const tokenizer = new Chosen(JSON.parse(files.json), config);
    tokenizer.encode('It is tried before it is used.');
    return tokenizer;
  } catch (cause) {
    // A TypeError tells of the library's own fields, not of the file's.
    const known = cause instanceof Error && !(cause instanceof TypeError);
    throw new TokenizerError(
      name,
      `The tokenizer ${name} is of no kind that @xenova/transformers reads${known ? ` (${cause.message})` : ''}: choose another, or make one with \`maskloom tokenizer train\``,
      { cause },
    );
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
