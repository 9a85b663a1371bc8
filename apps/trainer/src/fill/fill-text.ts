import type { Tokenizer } from '@maskloom/text';
import { TrainingError } from '../errors.ts';
import { candidates } from './candidates.ts';
import type { MaskedLanguageModel } from './load-model.ts';
import { maskedText } from './masked-text.ts';

/** What a model would put for a hidden token. */
export interface Guess {
  /** Place of the hidden token among the text's tokens, [CLS] being 0. */
  readonly position: number;
  /** The most probable tokens, best first. */
  readonly candidates: readonly NamedCandidate[];
}

/** A token that a model would put. */
export interface NamedCandidate {
  readonly token: string;
  readonly id: number;
  /** From 0 to 1. */
  readonly probability: number;
}

/**
 * Guesses the tokens of a text that are `[MASK]`.
 *
 * @param top how many tokens are named of each
 * @throws {TrainingError} if nothing is masked, the text is too long, or the tokenizer is not the model's.
 */
export async function fillText(
  text: string,
  tokenizer: Tokenizer,
  model: MaskedLanguageModel,
  top: number,
): Promise<Guess[]> {
  const { vocab } = model;
  if (tokenizer.vocab.size !== vocab) {
    throw new TrainingError(
      'DATA',
      `The tokenizer has ${tokenizer.vocab.size} tokens, expected the model's ${vocab}: give --tokenizer the one that the data was encoded with`,
    );
  }
  const { ids, positions } = maskedText(text, tokenizer, model.length);
  const logits = await model.predict(ids, positions);
  return positions.map((position, index) => {
    const found = candidates(logits.subarray(index * vocab, (index + 1) * vocab), top);
    const named = found.map(({ id, probability }) => {
      return { token: tokenizer.tokens([id])[0]!, id, probability };
    });
    return { position, candidates: named };
  });
}
