import type { StrategyPlan } from './strategy-plan.ts';

/**
 * The share of tokens that a plan's integers select: a multiple of 2^-16 for Bernoulli selection; for a
 * budget, before its rounding and caps; for several denoisers, the mean over their shares.
 */
export function effectiveRate(plan: StrategyPlan): number {
  if (plan.type === 'token') return plan.select / 65536;
  if (plan.type === 'sentence-order') return effectiveRate(plan.masking);
  if (plan.type === 'span-corruption') {
    const limits = [0, ...plan.choice, 2 ** 32];
    return plan.denoisers.reduce((sum, { density }, index) => {
      const share = (limits[index + 1]! - limits[index]!) / 2 ** 32;
      return sum + (share * density) / 1_000_000;
    }, 0);
  }
  const { selection } = plan;
  return selection.type === 'bernoulli' ? selection.select / 65536 : selection.rate / 1_000_000;
}
