import {
  createMasker,
  type KernelRoom,
  type Masker,
  strategyFromPlan,
  type VocabTraits,
} from '@maskloom/core';
import type { Plan } from './plan.ts';

/** The masker of a plan; with a room, its kernel works there. */
export function maskerOf(plan: Plan, vocab: VocabTraits, room?: KernelRoom): Masker {
  return createMasker({
    vocab,
    seed: BigInt(plan.seed),
    strategy: strategyFromPlan(plan.strategy),
    mode: plan.mode,
    ...(plan.copies === undefined ? {} : { copies: plan.copies }),
    ...(room === undefined ? {} : { room }),
  });
}
