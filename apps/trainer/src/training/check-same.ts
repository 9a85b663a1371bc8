import type { Checkpoint } from '../checkpoint/checkpoints.ts';
import { TrainingError } from '../errors.ts';
import { underive } from '../options/underive.ts';
import { differences, listDifferences } from './differences.ts';
import type { RunIdentity } from './run-identity.ts';
import { learningRate } from './schedule.ts';

/**
 * Checks that a checkpoint is of a run. The number of steps may be another one if the steps done are the same with it.
 *
 * @throws {TrainingError} naming what differs, by the options that were given
 */
export function checkSame({ folder, state }: Checkpoint, here: RunIdentity): void {
  // Where nothing was evaluated, there is nothing to compare evaluations with.
  const { heldOutPlan, evalSteps } = here;
  const evaluated = { heldOutPlan, evalSteps };
  const there = { ...evaluated, ...state.run, plan: state.planId } as unknown as RunIdentity;
  const differing = differences(there, here);
  if (differing.length === 0) return;
  if (differing.includes('steps') && differing.every((name) => /^(steps|warmup)$/.test(name))) {
    checkSteps(folder, state.step, there, here);
    return;
  }
  const list = describeDifferences(there, here);
  throw new TrainingError(
    'CHECKPOINT',
    `The checkpoint ${folder} is of another run; it differs in ${list}: resume with the options that it was begun with, or choose another --out`,
  );
}

/** @throws {TrainingError} if the steps done would not have been the same with the number of steps asked for */
function checkSteps(folder: string, done: number, there: RunIdentity, here: RunIdentity): void {
  const refuse = (why: string, ways: string): never => {
    throw new TrainingError(
      'CHECKPOINT',
      `${folder} is of a run of ${there.steps} steps, and --steps is ${here.steps}, ${why}: ${ways}`,
    );
  };
  const same = `resume with --steps ${there.steps}`;
  if (here.steps < done) refuse(`fewer than the ${done} that are done`, same);
  if (ratesAreSame(done, there, here)) return;
  if (ratesAreSame(done, there, { ...here, warmup: there.warmup })) {
    const why = `by which the warm-up takes ${here.warmup} rather than ${there.warmup} of them`;
    refuse(why, `resume with --warmup ${there.warmup} as well`);
  }
  refuse(
    `on which the learning rates of the ${done} steps done depend, as the schedule is ${there.schedule}`,
    `${same}, or begin a new run with --init-from ${folder} and another --out`,
  );
}

function ratesAreSame(steps: number, there: RunIdentity, here: RunIdentity): boolean {
  const rateOf = (step: number, { lr: peak, schedule, warmup, steps }: RunIdentity): number =>
    learningRate(step, { peak, schedule, warmup, steps });
  return Array.from({ length: steps }, (_, step) => step).every(
    (step) => rateOf(step, there) === rateOf(step, here),
  );
}

/** What differs, as whoever gave the options would say it. */
function describeDifferences(there: RunIdentity, here: RunIdentity): string {
  const was = { ...there, ...underive(there) };
  const is = { ...here, ...underive(here) };
  const given = differences(underive(there), underive(here));
  const arePlans = given.includes('plan') || given.includes('heldOutPlan');
  const ofPlans = arePlans ? ['vocab', 'sentenceOrder', 'length'] : [];
  return listDifferences(
    given.filter((name) => !ofPlans.includes(name)),
    was,
    is,
  );
}
