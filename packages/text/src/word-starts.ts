/**
 * @file Where words begin, by how a tokenizer writes its tokens. A word is what white space separates, as
 * in fairseq's and Hugging Face's whole-word masking; with WordPiece, whose text is split at punctuation
 * first, also what punctuation separates.
 */

/** A token added to the model's vocabulary. */
export interface AddedToken {
  readonly id: number;
  readonly content?: string;
  readonly special?: boolean;
}

/** What is read of `tokenizer.json`. */
export interface TokenizerJson {
  readonly added_tokens?: readonly AddedToken[];
  readonly normalizer?: unknown;
  readonly pre_tokenizer?: unknown;
  readonly decoder?: unknown;
  readonly model?: {
    readonly type?: string;
    readonly continuing_subword_prefix?: string | null;
    readonly end_of_word_suffix?: string | null;
  };
}

/** Whether a token of a text begins a word, by its text and that of the token before it. */
export type BeginsWord = (token: string, before: string) => boolean;

/** How the tokens of a tokenizer show where words begin; undefined where they do not. */
export function wordMarks(json: TokenizerJson): BeginsWord | undefined {
  const { model, normalizer, pre_tokenizer, decoder } = json;
  const parts = [normalizer, pre_tokenizer, decoder].flatMap(componentsOf);
  const prefix = model?.continuing_subword_prefix;
  if (prefix) return (token) => !token.startsWith(prefix);
  const suffix = model?.end_of_word_suffix;
  if (suffix) return (_token, before) => before.endsWith(suffix);
  if (parts.some(({ type }) => type === 'ByteLevel')) {
    // Bytes are written as letters (Radford et al. 2019, GPT-2): tab to carriage return, and space.
    return (token) => /^[\u0109-\u010d\u0120]/.test(token);
  }
  const space = spaceMark(parts, model?.type);
  return space === undefined ? undefined : (token) => token.startsWith(space);
}

interface Component {
  readonly type?: unknown;
  readonly replacement?: unknown;
  readonly content?: unknown;
}

/** A component of `tokenizer.json` with those it is composed of. */
function componentsOf(component: unknown): Component[] {
  if (typeof component !== 'object' || component === null) return [];
  return [component, ...Object.values(component).flatMap(componentsOf)];
}

/** What SentencePiece writes for a space. */
function spaceMark(parts: readonly Component[], model: string | undefined): string | undefined {
  const usual = '\u2581';
  const metaspace = parts.find(({ type }) => type === 'Metaspace');
  if (metaspace !== undefined) {
    const { replacement } = metaspace;
    return typeof replacement === 'string' ? replacement : usual;
  }
  const replaced = parts.some(({ type, content }) => type === 'Replace' && content === usual);
  return model === 'Unigram' || replaced ? usual : undefined;
}
