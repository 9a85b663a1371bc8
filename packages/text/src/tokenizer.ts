import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { checkVocab, type VocabTraits } from '@maskloom/core';
import type { PreTrainedTokenizer } from '@xenova/transformers';
import { TokenizerError } from './errors.ts';
import { filesFromHub } from './hub.ts';
import { filesFromFolder, makeTokenizer } from './tokenizer-files.ts';

/** A tokenizer with what masking needs to know of it. */
export interface Tokenizer {
  readonly vocab: VocabTraits;
  /** SHA-256 of `tokenizer.json`, hexadecimal. */
  readonly digest: string;
  readonly clsId: number;
  readonly sepId: number;
  /** Token ids of a text, without special tokens. */
  encode(text: string): number[];
  /** The tokens of ids, as the vocabulary writes them. */
  tokens(ids: readonly number[]): string[];
  /** The text of ids. */
  decode(ids: readonly number[]): string;
}

/** What is read of `tokenizer.json`. */
interface TokenizerJson {
  readonly added_tokens?: readonly { readonly id: number; readonly special?: boolean }[];
  readonly model?: { readonly type?: string; readonly continuing_subword_prefix?: string };
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
  const added = (parsed.added_tokens ?? []).filter((token) => token.special).map(({ id }) => id);
  const specialIds = [...new Set([...added, clsId, sepId, maskId, padId])].sort((a, b) => a - b);
  const prefix = parsed.model?.continuing_subword_prefix;
  const continuationIds =
    parsed.model?.type === 'WordPiece' && prefix
      ? [...tokens.keys()].filter((id) => tokens[id]!.startsWith(prefix))
      : [];
  return {
    vocab: checkVocab({ size: tokens.length, maskId, padId, specialIds, continuationIds }),
    digest: createHash('sha256').update(json).digest('hex'),
    clsId,
    sepId,
    encode: (text) => tokenizer.encode(text, null, { add_special_tokens: false }),
    tokens: (ids) => ids.map((id) => tokens[id] ?? '[UNK]'),
    decode: (ids) => tokenizer.decode([...ids], { skip_special_tokens: true }),
  };
}
