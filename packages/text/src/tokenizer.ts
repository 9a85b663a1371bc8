import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { checkVocab, type Sentinels, type VocabTraits } from '@maskloom/core';
import type { PreTrainedTokenizer } from '@xenova/transformers';
import { TokenizerError } from './errors.ts';
import { filesFromHub } from './hub.ts';
import { filesFromFolder, makeTokenizer } from './tokenizer-files.ts';
import { type AddedToken, type TokenizerJson, wordMarks } from './word-starts.ts';

/** A tokenizer with what masking needs to know of it. */
export interface Tokenizer {
  readonly vocab: VocabTraits;
  /** SHA-256 of `tokenizer.json`, hexadecimal. */
  readonly digest: string;
  readonly clsId: number;
  readonly sepId: number;
  /** Token ids of a text, without special tokens. */
  encode(text: string): number[];
  /**
   * For each of a text's ids 1 where a word begins, else 0. A word is what white space separates; with
   * WordPiece also what punctuation does.
   *
   * @throws {TokenizerError} if the tokens do not show where words begin.
   */
  wordStarts(ids: readonly number[]): number[];
  /** The tokens of ids, as the vocabulary writes them. */
  tokens(ids: readonly number[]): string[];
  /** The text of ids. */
  decode(ids: readonly number[]): string;
}

/**
 * Loads a tokenizer with `@xenova/transformers`: from a local folder with `tokenizer.json` and
 * `tokenizer_config.json`, never touching the network; or, where there is no such folder, by its name
 * from the Hugging Face hub (or the `HF_ENDPOINT` of the environment), kept in `~/.cache/maskloom/tokenizers`.
 *
 * @throws {TokenizerError} if there is none, naming the file that is missing or torn, or if it lacks a mask, padding, [CLS] or [SEP] token.
 *
 * @example
 * ```ts
 * import { loadTokenizer } from '@maskloom/text';
 * const tokenizer = await loadTokenizer('tokenizer');
 * console.log(tokenizer.tokens(tokenizer.encode('The state of the union')));
 * ```
 */
export async function loadTokenizer(folderOrName: string): Promise<Tokenizer> {
  const isFolder = await stat(folderOrName).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const files = isFolder ? await filesFromFolder(folderOrName) : await filesFromHub(folderOrName);
  return describe(folderOrName, makeTokenizer(folderOrName, files), files.json);
}

function describe(name: string, tokenizer: PreTrainedTokenizer, json: string): Tokenizer {
  const parsed = JSON.parse(json) as TokenizerJson;
  const { vocab: tokens } = tokenizer.model as { vocab: string[] };
  // What the tokenizer puts around a text, whatever it calls these tokens.
  const [clsId, sepId, ...more] = tokenizer.encode('');
  if (clsId === undefined || sepId === undefined || more.length > 0) {
    throw new TokenizerError(
      name,
      `The tokenizer ${name} does not put one token before a text and one after it, as [CLS] and [SEP]: choose the tokenizer of a masked language model`,
    );
  }
  const { mask_token_id: maskId, pad_token_id: padId } = tokenizer;
  if (!Number.isInteger(maskId) || !Number.isInteger(padId)) {
    throw new TokenizerError(
      name,
      `The tokenizer ${name} has no mask or no padding token: choose the tokenizer of a masked language model`,
    );
  }
  const added = (parsed.added_tokens ?? []).filter((token) => token.special);
  const addedIds = added.map(({ id }) => id);
  const specialIds = [...new Set([...addedIds, clsId, sepId, maskId, padId])].sort((a, b) => a - b);
  const prefix = parsed.model?.continuing_subword_prefix;
  const continuationIds =
    parsed.model?.type === 'WordPiece' && prefix
      ? [...tokens.keys()].filter((id) => tokens[id]!.startsWith(prefix))
      : [];
  const sentinels = sentinelsOf(added);
  const beginsWord = wordMarks(parsed);
  return {
    vocab: checkVocab({
      size: tokens.length,
      maskId,
      padId,
      specialIds,
      continuationIds,
      ...(sentinels === undefined ? {} : { sentinels, endId: sepId }),
    }),
    digest: createHash('sha256').update(json).digest('hex'),
    clsId,
    sepId,
    encode: (text) => tokenizer.encode(text, null, { add_special_tokens: false }),
    wordStarts(ids) {
      if (beginsWord === undefined) {
        throw new TokenizerError(
          name,
          `The tokens of ${name} do not show where words begin: found none of "##", the byte-level space and SentencePiece's, write the column with createDatasetWriter`,
        );
      }
      return ids.map((id, index) =>
        index === 0 || beginsWord(tokens[id]!, tokens[ids[index - 1]!]!) ? 1 : 0,
      );
    },
    tokens: (ids) => ids.map((id) => tokens[id] ?? '[UNK]'),
    decode: (ids) => tokenizer.decode([...ids], { skip_special_tokens: true }),
  };
}

/** The special tokens `<extra_id_0>` and on, whose ids count down (T5's convention), as far as they do. */
function sentinelsOf(added: readonly AddedToken[]): Sentinels | undefined {
  const ids = new Map(added.map(({ content, id }) => [content, id]));
  const first = ids.get('<extra_id_0>');
  if (first === undefined) return undefined;
  let count = 1;
  while (ids.get(`<extra_id_${count}>`) === first - count) count++;
  return { first, count };
}
