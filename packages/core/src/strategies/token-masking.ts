import { ArgumentError, TokenIdError } from '../errors.ts';
import { tokenKernel } from '../kernel/token-kernel.ts';
import * as op from '../random/ops.ts';
import { type ActionOptions, checkShares } from './action.ts';
import {
  checkRandomWords,
  type RandomWords,
  randomWordsPlan,
  uniformWords,
} from './random-words/random-words.ts';
import { randomWordsFromPlan } from './random-words/random-words-from-plan.ts';
import { checkShare, thresholdOf } from './rate.ts';
import { ignoredLabel, type Strategy } from './strategy.ts';
import type { TokenStrategyPlan } from './strategy-plan.ts';

/** Options of {@linkcode tokenMasking}: shares from 0 to 1. */
export interface TokenMaskingOptions extends ActionOptions {
  /** Share of the tokens that are not special to select. */
  readonly rate: number;
}

/**
 * Selects each token that is not special with probability `rate`, independently, and masks it, replaces
 * it or keeps it (Devlin et al. 2019, arXiv:1810.04805 §3.1; drawn anew each epoch as in Liu et al. 2019,
 * arXiv:1907.11692). Unlike Hugging Face's collator it never draws a special token as the random one.
 * The rate is resolved to 2^-16: see `effectiveRate`.
 *
 * @throws {ArgumentError} if a share is outside 0..1 or the three do not sum to 1.
 *
 * @example
 * ```ts
 * import { createMasker, tokenMasking } from '@maskloom/core';
 * const vocab = { size: 100, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [] };
 * const masker = createMasker({ vocab, seed: 42n, strategy: tokenMasking({ rate: 0.15 }) });
 * const { inputIds, labels } = masker.mask([2, 17, 23, 42, 3], { epoch: 3, sample: 17n });
 * ```
 */
export function tokenMasking(options: TokenMaskingOptions): Strategy<TokenStrategyPlan> {
  const rate = checkShare('rate', options.rate);
  const { mask, random, keep } = checkShares(options);
  const words = checkRandomWords(options.randomWords);
  const select = Math.floor(rate * 65536);
  return fromThresholds(
    {
      type: 'token',
      select,
      random: keep === 0 ? select : Math.floor(rate * (mask + random) * 65536),
      mask: Math.floor(rate * mask * 65536),
      ...randomWordsPlan(words),
    },
    words,
  );
}

/** The token strategy that a plan stores. */
export function tokenMaskingFromPlan(plan: TokenStrategyPlan): Strategy<TokenStrategyPlan> {
  for (const name of ['select', 'random', 'mask'] as const) {
    const value: unknown = plan[name];
    if (!(Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65536)) {
      throw new ArgumentError(`strategy.${name}`, 'an integer from 0 to 65536', value);
    }
  }
  if (!(plan.mask <= plan.random && plan.random <= plan.select)) {
    throw new ArgumentError(
      'strategy',
      'mask <= random <= select',
      `${plan.mask}, ${plan.random}, ${plan.select}`,
    );
  }
  const words = randomWordsFromPlan('strategy.randomWords', plan);
  const { type, select, random, mask } = plan;
  return fromThresholds({ type, select, random, mask, ...randomWordsPlan(words) }, words);
}

function fromThresholds(plan: TokenStrategyPlan, words: RandomWords): Strategy<TokenStrategyPlan> {
  return {
    plan,
    prepare: (vocab) => words.prepare?.(vocab),
    atRate(rate) {
      if (plan.select === 0) {
        throw new ArgumentError(
          'strategy.select',
          'a rate above 0 to scale',
          0,
          'give the strategy a rate',
        );
      }
      const select = thresholdOf(rate);
      const scaled = (threshold: number) => Math.floor((threshold * select) / plan.select);
      return fromThresholds(
        { ...plan, select, random: scaled(plan.random), mask: scaled(plan.mask) },
        words,
      );
    },
    // The kernel draws uniformly.
    accelerate: (vocab, room) =>
      words === uniformWords ? tokenKernel(plan, vocab, room) : undefined,
    mask({ ids }, draws, vocab, out, start) {
      const { special, maskId } = vocab;
      const { inputIds, labels } = out;
      const { length } = ids;
      let selected = 0;
      for (let position = 0; position < length; position++) {
        const id = ids[position]!;
        const isSpecial = special[id];
        if (isSpecial === undefined) throw new TokenIdError(position, id, vocab.size);
        const place = start + position;
        inputIds[place] = id;
        labels[place] = ignoredLabel;
        if (isSpecial === 1) continue;
        const draw = draws.half(op.select, position);
        if (draw >= plan.select) continue;
        labels[place] = id;
        selected++;
        if (draw < plan.mask) inputIds[place] = maskId;
        else if (draw < plan.random) inputIds[place] = words.draw(draws, position, vocab);
      }
      return selected;
    },
  };
}
