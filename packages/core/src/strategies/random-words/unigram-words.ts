import { checkCounts, cumulativeCounts } from '../../counts.ts';
import { ArgumentError } from '../../errors.ts';
import * as op from '../../random/ops.ts';
import type { RandomWords } from './random-words.ts';

/**
 * Random tokens are drawn as often as the data has them (fairseq's `freq_weighted_replacement`), by the counts of the
 * vocab traits, which `maskloom encode --counts` writes.
 *
 * @example
 * ```ts
 * import { createMasker, tokenMasking, unigramWords } from '@maskloom/core';
 * const counts = [9, 0, 3, 0, 0, 120, 17, 4, 0, 1];
 * const vocab = { size: 10, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [], counts };
 * const strategy = tokenMasking({ rate: 0.15, randomWords: unigramWords });
 * const masker = createMasker({ vocab, seed: 42n, strategy });
 * ```
 */
export const unigramWords: RandomWords = {
  name: 'unigram',

  draw(draws, position, { allowed, cumulative }) {
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
  },

  prepare(vocab) {
    const { counts, size, allowed } = vocab;
    if (counts !== undefined) {
      checkCounts(counts, size);
      vocab.cumulative = cumulativeCounts(counts, allowed);
    }
    if (vocab.cumulative !== undefined) return;
    throw new ArgumentError(
      'vocab.counts',
      'how often each id occurs, with an id that is not special among them',
      undefined,
      'encode the text with --counts, or draw random words uniformly',
    );
  },
};
