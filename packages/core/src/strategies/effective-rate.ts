import type { StrategyPlan } from './strategy-plan.ts';

/**
 * The share of tokens that a plan's integers select: a multiple of 2^-16 for Bernoulli selection; for a
 * budget, before its rounding and caps.
 */
export function effectiveRate(plan: StrategyPlan): number {
  if (plan.type === 'token') return plan.select / 65536;
  if (plan.type === 'sentence-order') return effectiveRate(plan.masking);
  const { selection } = plan;
  return selection.type === 'bernoulli' ? selection.select / 65536 : selection.rate / 1_000_000;
}
