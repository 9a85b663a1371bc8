import { ArgumentError } from '../errors.ts';
import type { Strategy, StrategyPlan } from './strategy.ts';
import { tokenMaskingFromPlan } from './token-masking.ts';

/**
 * The strategy that a plan stores.
 *
 * @throws {ArgumentError} for a type this version does not know, or integers out of range.
 */
export function strategyFromPlan(plan: StrategyPlan): Strategy {
  if (plan?.type === 'token') return tokenMaskingFromPlan(plan);
  throw new ArgumentError(
    'strategy.type',
    '"token"',
    (plan as { type?: unknown } | null)?.type,
    'the plan may come from a newer version',
  );
}
