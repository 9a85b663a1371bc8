/**
 * @file Small tokenizers of the kinds whose vocabulary can't tell where words begin, in the form of
 * Hugging Face's `tokenizers`: enough of RoBERTa's and of XLM-R's to be loaded as these are.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const specialTokens = ['<s>', '<pad>', '</s>', '<unk>', '<mask>'];
const addedTokens = specialTokens.map((content, id) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
}));

/** GPT-2's letters for bytes: themselves where they print, else from U+0100 on. */
function byteLetters(): string[] {
  const prints = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let others = 0;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(prints(byte) ? byte : 256 + others++),
  );
}

/** Byte-level BPE with the given merges, such as `Ġ t`. */
export function byteLevelTokenizer(merges: readonly string[]) {
  const pieces = [...byteLetters(), ...merges.map((merge) => merge.replace(' ', ''))];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens,
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true },
    post_processor: {
      type: 'RobertaProcessing',
      sep: ['</s>', 2],
      cls: ['<s>', 0],
      trim_offsets: true,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      vocab: Object.fromEntries([...specialTokens, ...pieces].map((piece, id) => [piece, id])),
      merges,
    },
  };
}

/** SentencePiece's unigram model with the given pieces, beside single letters. */
export function unigramTokenizer(pieces: readonly string[]) {
  const metaspace = { type: 'Metaspace', replacement: '▁', add_prefix_space: true };
  const token = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const special = (content: string) => ({
    [content]: { id: content, ids: [specialTokens.indexOf(content)], tokens: [content] },
  });
  const letters = [...'▁abcdefghijklmnopqrstuvwxyz,.'];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens,
    normalizer: null,
    pre_tokenizer: metaspace,
    post_processor: {
      type: 'TemplateProcessing',
      single: [token('<s>'), { Sequence: { id: 'A', type_id: 0 } }, token('</s>')],
      pair: [],
      special_tokens: { ...special('<s>'), ...special('</s>') },
    },
    decoder: metaspace,
    model: {
      type: 'Unigram',
      unk_id: 3,
      vocab: [
        ...specialTokens.map((content) => [content, 0]),
        ...letters.map((letter) => [letter, -10]),
        ...pieces.map((piece) => [piece, -5]),
      ],
    },
  };
}

/** Writes a tokenizer to a folder, as models are given on the hub. */
export async function writeTokenizerJson(
  directory: string,
  tokenizer: object,
  tokenizerClass: string,
): Promise<void> {
  const config = {
    tokenizer_class: tokenizerClass,
    bos_token: '<s>',
    cls_token: '<s>',
    eos_token: '</s>',
    sep_token: '</s>',
    pad_token: '<pad>',
    unk_token: '<unk>',
    mask_token: '<mask>',
    model_max_length: 512,
  };
  await mkdir(directory);
  await writeFile(join(directory, 'tokenizer.json'), JSON.stringify(tokenizer));
  await writeFile(join(directory, 'tokenizer_config.json'), JSON.stringify(config));
}
