import { ArgumentError } from '../errors.ts';
import { spanCorruption } from './denoising/span-corruption.ts';
import { sentenceOrder } from './sentence-order.ts';
import type { Strategy } from './strategy.ts';
import type { StrategyPlan } from './strategy-plan.ts';
import { tokenMaskingFromPlan } from './token-masking.ts';
import { unitMasking } from './unit-masking.ts';

/**
 * The strategy that a plan stores. Its `plan` has the known fields alone: what the given one has beyond these is not
 * known to this version.
 *
 * @throws {ArgumentError} for a type this version does not know, or integers out of range.
 */
export function strategyFromPlan(plan: StrategyPlan): Strategy {
  if (plan?.type === 'token') return tokenMaskingFromPlan(plan);
  if (plan?.type === 'units') return unitMasking(plan);
  if (plan?.type === 'sentence-order') return sentenceOrder(maskingFromPlan(plan.masking));
  if (plan?.type === 'span-corruption') return spanCorruption(plan);
  throw new ArgumentError(
    'strategy.type',
    '"token", "units", "sentence-order" or "span-corruption"',
    (plan as { type?: unknown } | null)?.type,
    'the plan may come from a newer version',
  );
}

/** The strategy within another: its errors name where in the plan it is. */
function maskingFromPlan(plan: StrategyPlan): Strategy {
  try {
    return strategyFromPlan(plan);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    const { argument, expected, actual, remedy } = error;
    const within = argument.replace(/^strategy/, 'strategy.masking');
    throw new ArgumentError(within, expected, actual, remedy);
  }
}
