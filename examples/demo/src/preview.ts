import { DemoError } from './errors.ts';

/** What masking did to a token; `none` for one that was not selected. */
export type Action = 'none' | 'mask' | 'random' | 'keep';

export interface PreviewToken {
  /** The original token. */
  readonly text: string;
  readonly action: Action;
}

/** A sample's tokens in an epoch. */
export interface Epoch {
  readonly epoch: number;
  readonly tokens: readonly PreviewToken[];
}

const actions: readonly string[] = ['none', 'mask', 'random', 'keep'] satisfies Action[];

/** Reads what `maskloom preview --json` prints. */
export function parsePreview(json: string): Epoch[] {
  const { epochs } = JSON.parse(json) as { epochs: Epoch[] };
  for (const { tokens } of epochs) {
    for (const { text, action } of tokens) {
      if (typeof text === 'string' && actions.includes(action)) continue;
      const found = JSON.stringify({ text, action });
      throw new DemoError('OUTPUT', `maskloom preview printed the token ${found}`);
    }
  }
  return epochs;
}

/** Tokens of a sentence that is easy to read in one look. */
const shortest = 14;
const longest = 34;

/**
 * Where a sentence stands in a sample: the first of a good length between two full stops, else the
 * sample's first tokens. Special tokens stand at a sample's ends and are left out.
 */
export function findSentence(tokens: readonly { readonly text: string }[]): {
  readonly start: number;
  readonly end: number;
} {
  const last = tokens.length - 1;
  let start = 1;
  for (let index = 1; index < last; index++) {
    if (!/^[.?!]$/.test(tokens[index]!.text)) continue;
    const length = index + 1 - start;
    if (length >= shortest && length <= longest) return { start, end: index + 1 };
    start = index + 1;
  }
  return { start: Math.min(1, last), end: Math.min(last, longest) };
}

/** Cuts the same range out of every epoch. */
export function cut(
  epochs: readonly Epoch[],
  { start, end }: { readonly start: number; readonly end: number },
): Epoch[] {
  return epochs.map(({ epoch, tokens }) => ({ epoch, tokens: tokens.slice(start, end) }));
}
