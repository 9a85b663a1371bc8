import { PlanError } from '../errors.ts';
import { planId } from '../plan.ts';
import { checkState, checksOf, type State } from '../state.ts';
import { endOf, type StageStart, type Stages, stagesId, stepsBefore } from './stages.ts';

/** Where a run of several stages stands, or begins. With a stages id, as a {@linkcode State} has one, it is checked. */
export type StagesPosition = StageStart & Partial<State>;

/** An address of a run: a stage, and an epoch and a step of its plan. */
export interface StagesAddress extends StageStart {
  readonly stage: number;
}

/** As much of the stages id as a state carries. */
export function shortStagesId(stages: Stages): string {
  return stagesId(stages).slice(0, 16);
}

/** Gives the state at any address of a run: the end of a stage is the start of the next. */
export function statesOf(stages: Stages): (address: StagesAddress) => State {
  const id = shortStagesId(stages);
  const known = stages.stages.map(({ plan }) => ({
    version: 2 as const,
    plan: planId(plan),
    fields: checksOf(plan),
    stages: id,
  }));
  return (address) => {
    const { stage, epoch, step } = startOfNext(stages, address);
    return { ...known[stage]!, stage, epoch, step };
  };
}

/** An address, with the end of a stage read as the start of the next, if there is one. */
function startOfNext(stages: Stages, address: StagesAddress): StagesAddress {
  const { stage } = address;
  const end = endOf(stages.stages[stage]!);
  const atEnd = address.epoch === end.epoch && address.step === end.step;
  const next = stages.stages[stage + 1];
  return atEnd && next !== undefined ? { stage: stage + 1, ...next.from } : address;
}

/**
 * Checks a position in a run, and that a state is of these stages; gives the address.
 *
 * @throws {PlanError} with code `STATE_STAGES` if the state is of other stages, naming in `fields` what differs in
 * its own stage's plan; or if the position is in none of the stages.
 */
export function checkPosition(stages: Stages, position: StagesPosition): StagesAddress {
  const { stage = 0, epoch, step } = position;
  const given = stages.stages[stage];
  if (given === undefined) {
    throw other(`The position is in stage ${stage}, and there are ${stages.stages.length} stages`);
  }
  if (position.plan !== undefined) {
    try {
      checkState(given.plan, position);
    } catch (error) {
      if (!(error instanceof PlanError) || error.code !== 'STATE_PLAN') throw error;
      throw other(`In stage ${stage}: ${error.message}`, error.fields);
    }
    if (position.stages === undefined) {
      throw other(`The state is of plan ${position.plan} alone, not of a run in stages`);
    }
    if (position.stages !== shortStagesId(stages)) {
      throw other(
        `The state is of stages ${position.stages}..., these are ${stagesId(stages)}; the plan of stage ${stage} is the same, other stages or their steps are not`,
      );
    }
  }
  const before = stepsBefore(given, { epoch, step });
  if (!(Number.isSafeInteger(before) && before >= 0 && before <= given.steps)) {
    throw other(
      `Epoch ${epoch}, step ${step} is not in stage ${stage}, which has ${given.steps} steps from epoch ${given.from.epoch}, step ${given.from.step} on`,
    );
  }
  return startOfNext(stages, { stage, epoch, step });
}

function other(what: string, fields: readonly string[] = []): PlanError {
  const remedy = 'resume with the stages the run began with';
  const message = what.endsWith('began with') ? what : `${what}: ${remedy}`;
  return new PlanError('STATE_STAGES', message, { fields });
}
