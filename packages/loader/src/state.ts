import { ArgumentError } from '@maskloom/core';
import type { Json } from '@maskloom/shards';
import { PlanError } from './errors.ts';
import { shown } from './json-differences.ts';
import { jsonId } from './json-id.ts';
import { type Plan, planFields, planId, stepsPerEpoch } from './plan.ts';

/**
 * Where a run stands: the next batch to consume. All that a checkpoint keeps of the loader, in at most 256
 * bytes of JSON, whatever the plan and however far the run.
 */
export interface State {
  /** 2; a state of version 1 has no `fields`, and is read as well. */
  readonly version: 1 | 2;
  /** The plan id. */
  readonly plan: string;
  /**
   * A check of each of the plan's fields: so that another plan is refused with the fields named that differ,
   * without the plan of the state at hand.
   */
  readonly fields?: string;
  /** In a run of several stages: which one this is, from 0. */
  readonly stage?: number;
  /** And the first 16 hexadecimal digits of the stages' id. */
  readonly stages?: string;
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
    version: 2,
    plan: id,
    fields: checksOf(plan),
    epoch: last ? batch.epoch + 1 : batch.epoch,
    step: last ? 0 : batch.step + 1,
  };
}

/**
 * Checks that a state belongs to a plan.
 *
 * @throws {PlanError} with code `STATE` if its version is not known, `STATE_PLAN` if it is of another plan: its
 * `fields` then names those that differ, where the state tells.
 */
export function checkState(plan: Plan, state: Partial<State>): void {
  checkVersion(state.version);
  const id = planId(plan);
  if (state.plan === id) return;
  const fields = state.fields === undefined ? undefined : differingFields(plan, state.fields);
  const which =
    fields === undefined
      ? 'in which fields a state of version 1 does not tell'
      : fields.length === 0
        ? 'in fields that this version does not know'
        : `they differ in ${fields.join(', ')}`;
  throw new PlanError(
    'STATE_PLAN',
    `The state is of plan ${String(state.plan)}, the loader runs plan ${id}; ${which}: resume with the plan the run began with`,
    { fields: fields ?? [] },
  );
}

/**
 * Reads a state from JSON, as `JSON.stringify` wrote it.
 *
 * @throws {PlanError} with code `STATE` if it is not JSON, or not a state this version knows.
 * @throws {ArgumentError} for a field out of range.
 *
 * @example
 * ```ts
 * import { tokenMasking } from '@maskloom/core';
 * import { createPlan, parseState, planId, stateAfter } from '@maskloom/loader';
 * const dataset = { digest: 'ab'.repeat(32), rows: 1000 };
 * const plan = createPlan({ dataset, strategy: tokenMasking({ rate: 0.15 }), seed: 42n, batch: 32 });
 * const saved = JSON.stringify(stateAfter(plan, planId(plan), { epoch: 3, step: 7 }));
 * console.log(parseState(saved).step); // 8
 * ```
 */
export function parseState(text: string): State {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new PlanError('STATE', `The state is not valid JSON: ${restore}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PlanError('STATE', `The state is not a JSON object: ${restore}`);
  }
  const state = value as Record<keyof State, unknown>;
  checkVersion(state.version);
  const known = Object.keys(checks) as (keyof typeof checks)[];
  for (const name of Object.keys(state)) {
    if (name !== 'version' && !known.includes(name as keyof typeof checks)) {
      throw new PlanError('STATE', `The state has an unknown field "${name}": ${restore}`);
    }
  }
  for (const name of known) checks[name](state[name], state.version as State['version']);
  if ((state.stage === undefined) !== (state.stages === undefined)) {
    throw new PlanError('STATE', `The state has only one of "stage" and "stages": ${restore}`);
  }
  return value as State;
}

const restore = 'restore it from a checkpoint that is whole';

function checkVersion(version: unknown): void {
  if (version === 1 || version === 2) return;
  throw new PlanError(
    'STATE',
    `The state has version ${shown(version as Json | undefined)}, expected 1 or 2: resume with the version of maskloom that wrote it`,
  );
}

const checks = {
  plan: (value) => check('plan', matches(value, /^[0-9a-f]{64}$/), '64 hexadecimal digits', value),
  fields: (value, version) =>
    version === 1
      ? check('fields', value === undefined, 'none in version 1', value)
      : check('fields', matches(value, /^([0-9a-f]{4}|----)*$/), 'checks of the fields', value),
  stage: (value) => {
    if (value !== undefined)
      check('stage', isCount(value, 9999), 'an integer from 0 to 9999', value);
  },
  stages: (value) => {
    const holds = value === undefined || matches(value, /^[0-9a-f]{16}$/);
    check('stages', holds, '16 hexadecimal digits', value);
  },
  // Behind the last epoch a run has ended.
  epoch: (value) => check('epoch', isCount(value, 2 ** 32), 'an integer from 0 to 2^32', value),
  step: (value) =>
    check('step', isCount(value, Number.MAX_SAFE_INTEGER), 'an integer from 0 to 2^53-1', value),
} as const satisfies Partial<Record<keyof State, (value: unknown, version: 1 | 2) => void>>;

function check(name: string, holds: boolean, expected: string, actual: unknown): void {
  if (!holds) throw new ArgumentError(`state.${name}`, expected, actual, restore);
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

function isCount(value: unknown, most: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

const absent = '----';
const known = new WeakMap<Plan, string>();

/**
 * A check of each field of a plan, in the order of `planFields`: the first 4 hexadecimal digits of the SHA-256
 * of its canonical JSON, `----` for one that the plan does not have; without those at the end.
 */
export function checksOf(plan: Plan): string {
  let text = known.get(plan);
  if (text === undefined) {
    const parts = planFields.map((name) => {
      const value = plan[name];
      return value === undefined ? absent : jsonId(value as Json).slice(0, absent.length);
    });
    text = parts.join('').replace(/(?:----)+$/, '');
    known.set(plan, text);
  }
  return text;
}

/** The fields in which a plan differs from the one that the checks of a state are of. */
function differingFields(plan: Plan, checks: string): readonly (keyof Plan)[] {
  const own = checksOf(plan);
  const at = (text: string, index: number) =>
    text.slice(index * absent.length, (index + 1) * absent.length) || absent;
  return planFields.filter((_, index) => at(own, index) !== at(checks, index));
}
