import type { StrategyPlan } from './strategy-plan.ts';

/** What a strategy needs of a dataset beside token ids. */
export interface Requirements {
  /** Where the second segment of each sample starts. */
  readonly segment: boolean;
  /** The column of units. */
  readonly units: boolean;
}

/** What the strategy of a plan needs of a dataset beside token ids. */
export function requirementsOf(plan: StrategyPlan): Requirements {
  if (plan.type === 'sentence-order') return { ...requirementsOf(plan.masking), segment: true };
  return { segment: false, units: plan.type === 'units' && plan.unit === 'column' };
}
