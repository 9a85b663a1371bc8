import { PlanError } from './errors.ts';
import { type Plan, planId, stepsPerEpoch } from './plan.ts';

/** Where a run stands: the next batch to consume. All that a checkpoint keeps of the loader. */
export interface State {
  readonly version: 1;
  /** The plan id. */
  readonly plan: string;
  readonly epoch: number;
  readonly step: number;
}

/** The state after a batch was consumed. */
export function stateAfter(
  plan: Plan,
  id: string,
  batch: { readonly epoch: number; readonly step: number },
): State {
  const last = batch.step + 1 === stepsPerEpoch(plan);
  return {
    version: 1,
    plan: id,
    epoch: last ? batch.epoch + 1 : batch.epoch,
    step: last ? 0 : batch.step + 1,
  };
}

/**
 * Checks that a state belongs to a plan.
 *
 * @throws {PlanError} with code `STATE` if it is malformed, `STATE_PLAN` if it is of another plan.
 */
export function checkState(plan: Plan, state: Partial<State>): void {
  if (state.version !== 1) {
    throw new PlanError('STATE', `The state has version ${String(state.version)}, expected 1`);
  }
  const id = planId(plan);
  if (state.plan !== id) {
    throw new PlanError(
      'STATE_PLAN',
      `The state is of plan ${state.plan}, the loader runs plan ${id}: resume with the plan the run began with`,
    );
  }
}
