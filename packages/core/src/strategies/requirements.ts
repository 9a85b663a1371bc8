import type { StrategyPlan } from './strategy-plan.ts';

/** What a strategy needs of a dataset beside token ids. */
export interface Requirements {
  /** Where the second segment of each sample starts. */
  readonly segment: boolean;
  /** The column of units. */
  readonly units: boolean;
  /** How often each id occurs: `counts` of the vocab traits. */
  readonly counts: boolean;
}

const nothing: Requirements = { segment: false, units: false, counts: false };

/** What the strategy of a plan needs of a dataset beside token ids. */
export function requirementsOf(plan: StrategyPlan): Requirements {
  if (plan.type === 'sentence-order') return { ...requirementsOf(plan.masking), segment: true };
  if (plan.type === 'token') return { ...nothing, counts: plan.randomWords === 'unigram' };
  if (plan.type === 'units') {
    const counts = plan.action.randomWords === 'unigram';
    return { ...nothing, units: plan.unit === 'column', counts };
  }
  return nothing;
}
