import { ArgumentError } from '../../errors.ts';
import { type RandomWords, type RandomWordsPlan, uniformWords } from './random-words.ts';
import { unigramWords } from './unigram-words.ts';

/** What random tokens are drawn from, as a plan stores it. */
export function randomWordsFromPlan(argument: string, plan: RandomWordsPlan): RandomWords {
  const { randomWords } = plan;
  if (randomWords === undefined) return uniformWords;
  if (randomWords === 'unigram') return unigramWords;
  throw new ArgumentError(argument, '"unigram", or nothing for uniform draws', randomWords);
}
