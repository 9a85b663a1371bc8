/** @file How `maskloom preview` shows what became of a sample. */
import { ignoredLabel } from '@maskloom/core';
import type { Tokenizer } from '@maskloom/text';

/** What became of a token. */
export type Action = 'none' | 'mask' | 'random' | 'keep';

export interface PreviewToken {
  /** The original token. */
  readonly text: string;
  /** What the model sees. */
  readonly shown: string;
  readonly action: Action;
}

/** A sample whose tokens are masked where they are. */
export interface Aligned {
  readonly sentenceLabel: number | undefined;
  readonly tokens: readonly PreviewToken[];
}

/** A sample of span corruption: what the encoder sees, and what the decoder is to write. */
export interface Corrupted {
  readonly input: readonly string[];
  readonly target: readonly string[];
}

/** The ids of a masked sample, as maskers and batches have them. */
export interface MaskedIds {
  readonly inputIds: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
  readonly sentenceLabel?: number | undefined;
}

/** @param maskId the id of the mask */
export function aligned(masked: MaskedIds, tokenizer: Tokenizer, maskId: number): Aligned {
  const inputIds = Array.from(masked.inputIds);
  const { labels, sentenceLabel } = masked;
  // Sentence order may have moved tokens: the originals are what the labels restore.
  const originals = inputIds.map((id, position) =>
    labels[position] === ignoredLabel ? id : labels[position]!,
  );
  const texts = tokenizer.tokens(originals);
  const shown = tokenizer.tokens(inputIds);
  const tokens = texts.map((text, position): PreviewToken => {
    const action = actionOf(originals[position]!, inputIds[position]!, labels[position]!, maskId);
    return { text, shown: shown[position]!, action };
  });
  return { sentenceLabel, tokens };
}

export function corrupted({ inputIds, labels }: MaskedIds, tokenizer: Tokenizer): Corrupted {
  return {
    input: tokenizer.tokens(Array.from(inputIds)),
    target: tokenizer.tokens(Array.from(labels)),
  };
}

function actionOf(original: number, shown: number, label: number, maskId: number): Action {
  if (label === ignoredLabel) return 'none';
  if (shown === maskId) return 'mask';
  return shown === original ? 'keep' : 'random';
}

/** One line, or two for input and target, each after a heading. */
export function linesOf(heading: string, shown: Aligned | Corrupted): string {
  if ('tokens' in shown) return `${heading}  ${lineOf(shown.tokens)}`;
  const { input, target } = shown;
  return `${heading}  input   ${input.join(' ')}\n${heading}  target  ${target.join(' ')}`;
}

/** Words as they read, [MASK] where masked, *random* and _kept_ marked. */
function lineOf(tokens: readonly PreviewToken[]): string {
  const marks = { none: '', mask: '', random: '*', keep: '_' };
  return tokens.map(({ shown, action }) => `${marks[action]}${shown}${marks[action]}`).join(' ');
}
