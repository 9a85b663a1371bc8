import { ArgumentError, TokenIdError } from '../errors.ts';
import { tokenKernel } from '../kernel/token-kernel.ts';
import { op } from '../random/draws.ts';
import { type ActionOptions, checkRate, checkShares, thresholdOf } from './action.ts';
import { checkCounted, checkRandomWords, randomToken, randomWordsPlan } from './random-words.ts';
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
  const rate = checkRate(options.rate);
  const { mask, random, keep } = checkShares(options);
  const select = Math.floor(rate * 65536);
  return fromThresholds({
    type: 'token',
    select,
    random: keep === 0 ? select : Math.floor(rate * (mask + random) * 65536),
    mask: Math.floor(rate * mask * 65536),
    ...randomWordsPlan(options.randomWords),
  });
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
  checkRandomWords('strategy.randomWords', plan);
  const { type, select, random, mask, randomWords } = plan;
  return fromThresholds({ type, select, random, mask, ...randomWordsPlan(randomWords) });
}

function fromThresholds(plan: TokenStrategyPlan): Strategy<TokenStrategyPlan> {
  return {
    plan,
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
      return fromThresholds({
        ...plan,
        select,
        random: Math.floor((plan.random * select) / plan.select),
        mask: Math.floor((plan.mask * select) / plan.select),
      });
    },
    checkVocab: (vocab) => checkCounted(vocab, plan),
    // The kernel draws uniformly.
    accelerate: (vocab, room) =>
      plan.randomWords === undefined ? tokenKernel(plan, vocab, room) : undefined,
    mask({ ids }, draws, vocab, out) {
      const { special, maskId } = vocab;
      const { inputIds, labels } = out;
      const { length } = ids;
      let selected = 0;
      for (let position = 0; position < length; position++) {
        const id = ids[position]!;
        const isSpecial = special[id];
        if (isSpecial === undefined) throw new TokenIdError(position, id, vocab.size);
        inputIds[position] = id;
        labels[position] = ignoredLabel;
        if (isSpecial === 1) continue;
        const draw = draws.half(op.select, position);
        if (draw >= plan.select) continue;
        labels[position] = id;
        selected++;
        if (draw < plan.mask) inputIds[position] = maskId;
        else if (draw < plan.random) {
          inputIds[position] = randomToken(draws, position, vocab, plan);
        }
      }
      return selected;
    },
  };
}
