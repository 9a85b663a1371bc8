import { ArgumentError } from '../errors.ts';
import { type Draws, op } from '../random/draws.ts';
import type { VocabTables } from '../vocab.ts';

/**
 * What a random token is drawn from: all ids that are not special, alike (`uniform`), or as often as the
 * data has them (`unigram`, fairseq's `freq_weighted_replacement`), which takes the counts of the vocab traits.
 */
export type RandomWords = 'uniform' | 'unigram';

/** What a plan stores of it: nothing for uniform draws. */
export interface RandomWordsPlan {
  readonly randomWords?: 'unigram';
}

/** Checks an option, and gives what a plan stores of it. */
export function randomWordsPlan(randomWords: RandomWords = 'uniform'): RandomWordsPlan {
  if (randomWords === 'uniform') return {};
  if (randomWords === 'unigram') return { randomWords };
  throw new ArgumentError('randomWords', '"uniform" or "unigram"', randomWords);
}

/** Checks what a plan stores. */
export function checkRandomWords(argument: string, { randomWords }: RandomWordsPlan): void {
  if (randomWords !== undefined && randomWords !== 'unigram') {
    throw new ArgumentError(argument, '"unigram", or nothing for uniform draws', randomWords);
  }
}

/** The random token of a position. */
export function randomToken(
  draws: Draws,
  position: number,
  { allowed, cumulative }: VocabTables,
  { randomWords }: RandomWordsPlan,
): number {
  if (randomWords === undefined) return allowed[draws.below(op.token, position, allowed.length)]!;
  const sums = cumulative!;
  const target = draws.below(op.token, position, sums[sums.length - 1]!);
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sums[middle]! > target) high = middle;
    else low = middle + 1;
  }
  return allowed[low]!;
}

/** Checks that a vocabulary has counts to draw by, if need be. */
export function checkCounted({ cumulative }: VocabTables, { randomWords }: RandomWordsPlan): void {
  if (randomWords === undefined || cumulative !== undefined) return;
  throw new ArgumentError(
    'vocab.counts',
    'some of ids that are not special, to draw random words by',
    undefined,
    'encode the text with --counts, or draw uniformly',
  );
}
