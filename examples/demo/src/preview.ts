import { DemoError } from './errors.ts';

/** What masking did to a token; `none` for one that was not selected. */
export type Action = 'none' | 'mask' | 'random' | 'keep';

export interface PreviewToken {
  /** The original token. */
  readonly text: string;
  /** The token that the model sees. */
  readonly shown: string;
  readonly action: Action;
}

/** A sample's tokens in an epoch. */
export interface Epoch {
  readonly epoch: number;
  readonly tokens: readonly PreviewToken[];
}

export const actions: readonly string[] = ['none', 'mask', 'random', 'keep'] satisfies Action[];

/** Reads what `maskloom preview --json` prints. */
export function parsePreview(json: string): Epoch[] {
  const { epochs } = JSON.parse(json) as { epochs: Epoch[] };
  for (const { tokens } of epochs) {
    for (const token of tokens) {
      const { text, shown, action } = token;
      if (typeof text === 'string' && typeof shown === 'string' && actions.includes(action))
        continue;
      const found = JSON.stringify(token);
      throw new DemoError('OUTPUT', `maskloom preview printed the token ${found}`);
    }
  }
  return epochs;
}

/** Tokens of a sentence that is easy to read in one look. */
const shortest = 14;
const longest = 34;

/** Tokens `start` to `end - 1` of a sample. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A range that is a sentence, and how many different things masking does in it. */
export interface Sentence extends Range {
  readonly kinds: number;
}

/**
 * Finds the sentence to show. Of those of a good length between two full stops it takes the one in which
 * masking does most different things, and of these the first; where there is none, the sample's first
 * tokens, as a sentence of 0 kinds. Special tokens stand at a sample's ends and are left out.
 */
export function findSentence(epochs: readonly Epoch[]): Sentence {
  const tokens = epochs[0]?.tokens ?? [];
  const last = Math.max(0, tokens.length - 1);
  let best: Sentence = { start: Math.min(1, last), end: Math.min(last, longest), kinds: 0 };
  let start = 1;
  for (let index = 1; index < last; index++) {
    if (!/^[.?!]$/.test(tokens[index]!.text)) continue;
    const range = { start, end: index + 1 };
    const length = range.end - range.start;
    const shown = cut(epochs, range).flatMap(({ tokens }) => tokens.map(({ action }) => action));
    const kinds = new Set(shown).size;
    if (length >= shortest && length <= longest && kinds > best.kinds) best = { ...range, kinds };
    start = range.end;
  }
  return best;
}

/** Cuts the same range out of every epoch. */
export function cut(epochs: readonly Epoch[], { start, end }: Range): Epoch[] {
  return epochs.map(({ epoch, tokens }) => ({ epoch, tokens: tokens.slice(start, end) }));
}
