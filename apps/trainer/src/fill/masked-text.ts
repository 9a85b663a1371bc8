import type { Tokenizer } from '@maskloom/text';
import { TrainingError } from '../errors.ts';

/** What a user writes for a token to guess, whatever the tokenizer's own mark. */
export const maskMark = '[MASK]';

/** A text with hidden tokens, as a model takes it. */
export interface MaskedText {
  /** With the tokens that the tokenizer puts before and after. */
  readonly ids: Int32Array<ArrayBuffer>;
  /** Where the hidden tokens are, ascending. */
  readonly positions: readonly number[];
}

/**
 * Tokenises a text in which `[MASK]` stands for each token to guess.
 *
 * @param length the most tokens that the model takes
 * @throws {TrainingError} if nothing is masked, or the text is too long.
 */
export function maskedText(text: string, tokenizer: Tokenizer, length: number): MaskedText {
  const { maskId } = tokenizer.vocab;
  const [mark] = tokenizer.tokens([maskId]);
  const inside = tokenizer.encode(text.replaceAll(maskMark, mark!));
  const ids = Int32Array.from([tokenizer.clsId, ...inside, tokenizer.sepId]);
  const positions = [...ids.keys()].filter((position) => ids[position] === maskId);
  if (positions.length === 0) {
    throw new TrainingError(
      'DATA',
      `The text "${text}" has no ${maskMark}, expected one for each token to guess: write it where a token is missing`,
    );
  }
  if (ids.length > length) {
    throw new TrainingError(
      'DATA',
      `The text has ${ids.length} tokens, expected at most the ${length} that the model takes: shorten it`,
    );
  }
  return { ids, positions };
}
