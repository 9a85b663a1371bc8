import { ArgumentError } from '../../errors.ts';
import type { Draws } from '../../random/draws.ts';
import * as op from '../../random/ops.ts';
import type { VocabTables } from '../../vocab.ts';

/** What a random token is drawn from: `uniformWords` or `unigramWords`. */
export interface RandomWords {
  readonly name: 'uniform' | 'unigram';
  /** The random token of a position. */
  draw(draws: Draws, position: number, vocab: VocabTables): number;
  /**
   * Makes the tables that it draws by.
   *
   * @throws {ArgumentError} if the vocabulary does not have what they are made of.
   */
  prepare?(vocab: VocabTables): void;
}

/** What a plan stores of it: nothing for uniform draws. */
export interface RandomWordsPlan {
  readonly randomWords?: 'unigram';
}

/** Random tokens are drawn from all ids that are not special, alike. */
export const uniformWords: RandomWords = {
  name: 'uniform',
  draw: (draws, position, { allowed }) => allowed[draws.below(op.token, position, allowed.length)]!,
};

/** Checks an option. */
export function checkRandomWords(words: RandomWords = uniformWords): RandomWords {
  if (typeof words?.draw === 'function') return words;
  throw new ArgumentError('randomWords', 'uniformWords or unigramWords', words);
}

/** What a plan stores of it. */
export function randomWordsPlan({ name }: RandomWords): RandomWordsPlan {
  return name === 'unigram' ? { randomWords: name } : {};
}
