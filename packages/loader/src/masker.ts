import { createMasker, type Masker, strategyFromPlan, type VocabTraits } from '@maskloom/core';
import type { Plan } from './plan.ts';

/** The masker of a plan. */
export function maskerOf(plan: Plan, vocab: VocabTraits): Masker {
  return createMasker({
    vocab,
    seed: BigInt(plan.seed),
    strategy: strategyFromPlan(plan.strategy),
    mode: plan.mode,
    ...(plan.copies === undefined ? {} : { copies: plan.copies }),
  });
}
