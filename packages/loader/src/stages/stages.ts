/**
 * @file A run in stages: batch-size warm-up, or samples of 128 tokens and then of 512. A list of plans, with
 * the number of steps that each has; the batches of the run are those of its stages, one after the other.
 */
import { ArgumentError } from '@maskloom/core';
import type { Json } from '@maskloom/shards';
import { unitsPerStep } from '../batching/index-plan.ts';
import { PlanError } from '../errors.ts';
import { differencesOf, shown } from '../json-differences.ts';
import { jsonId } from '../json-id.ts';
import { checkPlan, type Plan, stepsPerEpoch } from '../plan.ts';

/** An epoch and a step of a plan. */
export interface StageStart {
  readonly epoch: number;
  readonly step: number;
}

/** One plan's part of a run. */
export interface Stage {
  readonly plan: Plan;
  /** The first batch of the plan that the stage has. */
  readonly from: StageStart;
  /** How many batches, going on through epochs. */
  readonly steps: number;
}

/** All that fixes a run of several stages. Its canonical JSON's SHA-256 is the stages id. */
export interface Stages {
  readonly version: 1;
  readonly stages: readonly Stage[];
}

/** A stage, as it is given to {@linkcode createStages}. */
export interface StageOptions {
  readonly plan: Plan;
  /**
   * The first batch of the plan that the stage has. Default: where the stage before it stopped, if both plans
   * have the same order of samples, so that none is seen again before its time (less than one batch of rows may
   * be left out in between); else the plan's first batch.
   */
  readonly from?: StageStart;
  /** How many batches; or else `epochs`. */
  readonly steps?: number;
  /** How many epochs of the plan. */
  readonly epochs?: number;
}

const mostStages = 10_000;

/**
 * Makes the stages of a run.
 *
 * @throws {ArgumentError} for a number out of range.
 *
 * @example
 * ```ts
 * import { tokenMasking } from '@maskloom/core';
 * import { createPlan, createStages, stagesId } from '@maskloom/loader';
 * const dataset = { digest: 'ab'.repeat(32), rows: 100_000 };
 * const plan = (batch: number) =>
 *   createPlan({ dataset, strategy: tokenMasking({ rate: 0.15 }), seed: 42n, batch });
 * // The first 4,000 samples in small batches; then on from there.
 * const stages = createStages([{ plan: plan(8), steps: 500 }, { plan: plan(64), epochs: 3 }]);
 * console.log(stagesId(stages), stages.stages[1]?.from); // … { epoch: 0, step: 63 }
 * ```
 */
export function createStages(list: readonly StageOptions[]): Stages {
  const stages: Stage[] = [];
  for (const [index, { plan, from, steps, epochs }] of list.entries()) {
    if ((steps === undefined) === (epochs === undefined)) {
      const found = steps === undefined ? 'neither' : 'both';
      throw new ArgumentError(`stages[${index}]`, 'either steps or epochs', found);
    }
    stages.push({
      plan,
      from: from ?? startAfter(stages.at(-1), plan),
      steps: steps ?? epochs! * stepsPerEpoch(plan),
    });
  }
  return checkStages({ version: 1, stages });
}

/**
 * Parses the JSON of stages.
 *
 * @throws {PlanError} if it is not JSON, or not what this version knows.
 * @throws {ArgumentError} for a field out of range.
 */
export function parseStages(text: string): Stages {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new PlanError('STAGES', `The stages are not valid JSON: ${remake}`, { cause });
  }
  return checkStages(value as Stages);
}

/** The stages id: SHA-256 of their canonical JSON (RFC 8785), hexadecimal; where a run's stream digest starts. */
export function stagesId(stages: Stages): string {
  return jsonId(stages as unknown as Json);
}

/** The address behind the last batch of a stage. */
export function endOf({ plan, from, steps }: Stage): StageStart {
  const perEpoch = stepsPerEpoch(plan);
  const behind = from.step + steps;
  return { epoch: from.epoch + Math.floor(behind / perEpoch), step: behind % perEpoch };
}

/** How many batches of a stage stand before an address. */
export function stepsBefore({ plan, from }: Stage, { epoch, step }: StageStart): number {
  return (epoch - from.epoch) * stepsPerEpoch(plan) + step - from.step;
}

/** Fields of a plan that say nothing about which samples come when. */
const maskingFields = ['batch', 'last', 'strategy', 'rates', 'mode', 'copies'];

/** Where a plan goes on behind a stage: at its own first batch behind the samples seen, if they share an order. */
function startAfter(before: Stage | undefined, plan: Plan): StageStart {
  const start = { epoch: 0, step: 0 };
  if (before === undefined || !haveOneOrder(before.plan, plan)) return start;
  const { epoch, step } = endOf(before);
  if (plan.datasets.length > 1) {
    // Rows of a mixture are counted through all epochs.
    const seen = epoch * stepsPerEpoch(before.plan) + step;
    const next = Math.ceil((seen * unitsPerStep(before.plan)) / unitsPerStep(plan));
    const perEpoch = stepsPerEpoch(plan);
    return { epoch: Math.floor(next / perEpoch), step: next % perEpoch };
  }
  const next = Math.ceil((step * unitsPerStep(before.plan)) / unitsPerStep(plan));
  return next < stepsPerEpoch(plan) ? { epoch, step: next } : { epoch: epoch + 1, step: 0 };
}

function haveOneOrder(a: Plan, b: Plan): boolean {
  // Where batches are made by length, another size or rule makes others.
  const byLength = unitsPerStep(a) === 1 && a.rows !== undefined;
  if (byLength && (a.batch !== b.batch || a.last !== b.last)) return false;
  return differencesOf(a as unknown as Json, b as unknown as Json).every(({ path }) =>
    maskingFields.includes(path.split(/[.[]/)[0]!),
  );
}

const remake = 'make them again with `maskloom plan stages`';

function checkStages(value: Stages): Stages {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PlanError('STAGES', `The stages are not a JSON object: ${remake}`);
  }
  const { version, stages, ...rest } = value;
  if (version !== 1) {
    throw new PlanError(
      'STAGES',
      `The stages have version ${shown(version)}, expected 1: ${remake}`,
    );
  }
  refuseOthers('The stages have', rest);
  if (!Array.isArray(stages) || stages.length === 0 || stages.length > mostStages) {
    throw new ArgumentError('stages', `1 to ${mostStages} stages`, stages);
  }
  for (const [index, stage] of (stages as readonly Stage[]).entries()) checkStage(index, stage);
  return value;
}

function checkStage(index: number, stage: Stage): void {
  const name = `stages[${index}]`;
  if (typeof stage !== 'object' || stage === null)
    throw new ArgumentError(name, 'an object', stage);
  const { plan, from, steps, ...rest } = stage;
  refuseOthers(`Stage ${index} has`, rest);
  checkPlanOf(name, plan);
  const { epoch, step, ...more } = from ?? ({} as StageStart);
  refuseOthers(`The start of stage ${index} has`, more);
  const perEpoch = stepsPerEpoch(plan);
  if (!(Number.isInteger(epoch) && epoch >= 0 && epoch < 2 ** 32)) {
    throw new ArgumentError(`${name}.from.epoch`, 'an integer from 0 to 2^32-1', epoch);
  }
  if (!(Number.isInteger(step) && step >= 0 && step < perEpoch)) {
    const expected = `an integer below the ${perEpoch} steps of an epoch`;
    throw new ArgumentError(`${name}.from.step`, expected, step);
  }
  if (!(Number.isSafeInteger(steps + step) && steps >= 1 && endOf(stage).epoch <= 2 ** 32)) {
    throw new ArgumentError(`${name}.steps`, 'an integer from 1, within 2^32 epochs', steps);
  }
}

/** Checks the plan of a stage: its errors name the stage. */
function checkPlanOf(name: string, plan: Plan): void {
  try {
    checkPlan(plan);
  } catch (error) {
    if (error instanceof ArgumentError) {
      const { argument, expected, actual, remedy } = error;
      throw new ArgumentError(`${name}.plan.${argument}`, expected, actual, remedy);
    }
    if (error instanceof PlanError) {
      throw new PlanError('STAGES', `${name}.plan: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

function refuseOthers(who: string, others: object): void {
  const [first] = Object.keys(others);
  if (first === undefined) return;
  throw new PlanError('STAGES', `${who} an unknown field "${first}": leave it out`);
}
