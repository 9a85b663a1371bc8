import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArgumentError } from '@maskloom/core';
import { createDraft } from '@maskloom/shards';
import { BertTokenizer } from '@xenova/transformers';
import { TokenizerError } from './errors.ts';
import { trainPieces } from './word-piece.ts';

/** Options of {@linkcode trainWordPiece}. */
export interface TrainOptions {
  /** Number of ids, all special ones included. */
  readonly vocabSize: number;
  /** Pairs of pieces seen less often are not merged. Default 2. */
  readonly minFrequency?: number;
  /** Lower-case the text and strip its accents. Default true. */
  readonly lowercase?: boolean;
  /** Sentinels for span corruption, `<extra_id_0>` and on, at the end of the vocabulary. Default none. */
  readonly sentinels?: number;
  /** Further special tokens, such as UL2's modes. Default none. */
  readonly specialTokens?: readonly string[];
}

/** A trained tokenizer, as its two files hold it. */
export interface TrainedTokenizer {
  /** `tokenizer.json`. */
  readonly tokenizer: ReturnType<typeof tokenizerJson>;
  /** `tokenizer_config.json`. */
  readonly config: ReturnType<typeof configJson>;
}

const bertTokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/**
 * Trains a WordPiece tokenizer on texts, in BERT's form: the same texts in any order give the same
 * tokenizer. Ids 0 to 4 are `[PAD] [UNK] [CLS] [SEP] [MASK]`, then come further special tokens, characters
 * and merges. Sentinels are last, and count down as T5's do: `<extra_id_0>` has the highest id.
 *
 * @throws {ArgumentError} if `vocabSize` does not hold the special tokens and the text's characters, special
 *   tokens are empty or the same, or there is no word in the texts.
 *
 * @example
 * ```ts
 * import { trainWordPiece, writeTokenizer } from '@maskloom/text';
 * const trained = await trainWordPiece(['low lower lowest', 'new newer'], { vocabSize: 30 });
 * await writeTokenizer('tokenizer', trained);
 * ```
 */
export async function trainWordPiece(
  texts: AsyncIterable<string> | Iterable<string>,
  options: TrainOptions,
): Promise<TrainedTokenizer> {
  const { vocabSize, minFrequency = 2, lowercase = true } = options;
  const special = specialTokensOf(options);
  const specials = special.first.length + special.last.length;
  if (!Number.isInteger(vocabSize) || vocabSize <= specials) {
    throw new ArgumentError('vocabSize', `an integer above ${specials}`, vocabSize);
  }
  if (!Number.isInteger(minFrequency) || minFrequency < 1) {
    throw new ArgumentError('minFrequency', 'an integer from 1', minFrequency);
  }
  // Words are split by the code that will later split them, on a tokenizer that has no pieces yet.
  const config = configJson(lowercase);
  const splitter = new BertTokenizer(tokenizerJson([], special, lowercase), config);
  const { normalizer, pre_tokenizer } = splitter as unknown as {
    normalizer: (text: string) => string;
    pre_tokenizer: (text: string) => string[];
  };
  const counts = new Map<string, number>();
  for await (const text of texts) {
    // Line by line: the library copies long strings many times.
    for (const line of text.split(/(?<=[.\n])\s/)) {
      for (const word of pre_tokenizer(normalizer(line))) {
        counts.set(word, (counts.get(word) ?? 0) + 1);
      }
    }
  }
  if (counts.size === 0) {
    throw new ArgumentError('number of words', 'at least 1', 0, 'give texts with words');
  }
  const pieces = trainPieces(counts, {
    size: vocabSize - specials,
    special: specials,
    minFrequency,
  });
  return { tokenizer: tokenizerJson(pieces, special, lowercase), config };
}

/** Special tokens in the order of their ids: those before the pieces, and those behind them. */
interface SpecialTokens {
  readonly first: readonly string[];
  readonly last: readonly string[];
}

function specialTokensOf({ sentinels = 0, specialTokens = [] }: TrainOptions): SpecialTokens {
  if (!Number.isInteger(sentinels) || sentinels < 0) {
    throw new ArgumentError('sentinels', 'an integer from 0', sentinels);
  }
  const first = [...bertTokens, ...specialTokens];
  const last = Array.from({ length: sentinels }, (_, index) => `<extra_id_${index}>`).reverse();
  const seen = new Set<string>();
  for (const token of [...first, ...last]) {
    if (token === '' || token !== token.trim() || seen.has(token)) {
      throw new ArgumentError('specialTokens', 'tokens that differ, without space around', token);
    }
    seen.add(token);
  }
  return { first, last };
}

/** `tokenizer.json` in the form of Hugging Face's `tokenizers`. */
function tokenizerJson(
  pieces: readonly string[],
  { first, last }: SpecialTokens,
  lowercase: boolean,
) {
  const tokens = [...first, ...pieces, ...last];
  const special = (content: string) => ({
    [content]: { id: content, ids: [first.indexOf(content)], tokens: [content] },
  });
  const sequence = (id: 'A' | 'B', type_id: number) => ({ Sequence: { id, type_id } });
  const token = (id: string, type_id: number) => ({ SpecialToken: { id, type_id } });
  const single = [token('[CLS]', 0), sequence('A', 0), token('[SEP]', 0)];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [...first, ...last].map((content) => ({
      id: tokens.indexOf(content),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single,
      pair: [...single, sequence('B', 1), token('[SEP]', 1)],
      special_tokens: { ...special('[CLS]'), ...special('[SEP]') },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    },
  };
}

function configJson(lowercase: boolean) {
  return {
    tokenizer_class: 'BertTokenizer',
    do_lower_case: lowercase,
    unk_token: '[UNK]',
    sep_token: '[SEP]',
    pad_token: '[PAD]',
    cls_token: '[CLS]',
    mask_token: '[MASK]',
    model_max_length: 512,
  };
}

/**
 * Writes a trained tokenizer to a folder, whole or not at all.
 *
 * @throws {TokenizerError} if the folder is there.
 * @throws {OutputError} if it cannot be written there.
 */
export async function writeTokenizer(directory: string, trained: TrainedTokenizer): Promise<void> {
  if (existsSync(directory)) {
    throw new TokenizerError(
      directory,
      `${directory} is already there: choose another folder, or remove it first`,
    );
  }
  const draft = await createDraft(directory, 'folder');
  try {
    const files = { 'tokenizer.json': trained.tokenizer, 'tokenizer_config.json': trained.config };
    for (const [name, value] of Object.entries(files)) {
      await writeFile(join(draft.path, name), `${JSON.stringify(value, null, 1)}\n`, {
        flag: 'wx',
      });
    }
    draft.keep();
  } catch (error) {
    await draft.discard();
    throw error;
  }
}
