import {
  ArgumentError,
  parseUint64,
  type Strategy,
  type StrategyPlan,
  strategyFromPlan,
  toMode,
  toUint64,
  type Uint64,
} from '@maskloom/core';
import type { Dataset, Json } from '@maskloom/shards';
import { PlanError } from './errors.ts';
import { differencesOf, shown } from './json-differences.ts';
import { jsonId } from './json-id.ts';
import { checkRateSchedule, type RateSchedule, rateAt } from './rate-schedule.ts';

/** A dataset in a plan. */
export interface PlanDataset {
  /** The dataset digest, hexadecimal. */
  readonly digest: string;
  readonly rows: number;
  /** Added to a row number to make a sample id: decimal digits. */
  readonly base: string;
}

/** All that fixes the stream of batches. Its canonical JSON's SHA-256 is the plan id. */
export interface Plan {
  readonly version: 1;
  readonly datasets: readonly [PlanDataset];
  readonly strategy: StrategyPlan;
  /** The strategy's rate over the run; not in static mode. */
  readonly rates?: RateSchedule;
  readonly mode: 'dynamic' | 'static';
  /** Only in static mode. */
  readonly copies?: number;
  /** Decimal digits of 0 to 2^64-1. */
  readonly seed: string;
  /** `global`: a permutation of all rows, new each epoch. `sequential`: as they are stored. */
  readonly order: 'global' | 'sequential';
  /** Rows of the global batch. */
  readonly batch: number;
  /** The rows left over at an epoch's end: left out, a shorter batch, or filled from its start. */
  readonly last: 'drop' | 'short' | 'fill';
}

/**
 * Every field a plan can have, in the order of the checks that a state carries of them. New ones go to the
 * end, so that the states of plans without them stay what they are.
 */
export const planFields = Object.keys({
  version: true,
  datasets: true,
  strategy: true,
  rates: true,
  mode: true,
  copies: true,
  seed: true,
  order: true,
  batch: true,
  last: true,
} satisfies Record<keyof Plan, true>) as readonly (keyof Plan)[];

const remake = 'make it again with `maskloom plan make`';

/** Options of {@linkcode createPlan}. */
export interface PlanOptions {
  readonly dataset: Pick<Dataset, 'digest' | 'rows'>;
  readonly strategy: Strategy;
  /**
   * The strategy's rate over the run, instead of its own: `at` in epochs or global steps, with shares
   * from 0 to 1; lines between these points. Not in static mode.
   */
  readonly rates?: RateSchedule;
  readonly seed: Uint64;
  /** Default `dynamic`. */
  readonly mode?: 'dynamic' | 'static';
  /** Sets of masks in static mode. Default 1. */
  readonly copies?: number;
  /** Default `global`. */
  readonly order?: 'global' | 'sequential';
  /** Rows of the global batch. */
  readonly batch: number;
  /** Default `drop`. */
  readonly last?: 'drop' | 'short' | 'fill';
}

/**
 * Makes a plan.
 *
 * @throws {ArgumentError} for options out of range.
 * @throws {PlanError} if an epoch would have no step.
 *
 * @example
 * ```ts
 * import { tokenMasking } from '@maskloom/core';
 * import { createPlan, planId } from '@maskloom/loader';
 * import { openDataset } from '@maskloom/shards';
 * const dataset = await openDataset('data/sotu');
 * const strategy = tokenMasking({ rate: 0.15 });
 * const plan = createPlan({ dataset, strategy, seed: 42n, batch: 32 });
 * console.log(planId(plan));
 * ```
 */
export function createPlan(options: PlanOptions): Plan {
  const { dataset, strategy, order = 'global', last = 'drop' } = options;
  return checkPlan({
    version: 1,
    datasets: [{ digest: dataset.digest, rows: dataset.rows, base: '0' }],
    strategy: strategy.plan,
    ...(options.rates === undefined ? {} : { rates: inMillionths(options.rates) }),
    ...toMode(options),
    seed: String(toUint64('seed', options.seed)),
    order,
    batch: options.batch,
    last,
  });
}

/**
 * Parses a plan's JSON.
 *
 * @throws {PlanError} if it is not JSON, or not a plan this version knows.
 * @throws {ArgumentError} for a field out of range.
 */
export function parsePlan(text: string): Plan {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new PlanError('PLAN', `The plan is not valid JSON: ${remake}`, { cause });
  }
  return checkPlan(value as Plan);
}

/** The plan id: SHA-256 of the plan's canonical JSON (RFC 8785), hexadecimal. */
export function planId(plan: Plan): string {
  return jsonId(plan as unknown as Json);
}

/** Steps of an epoch: floor(rows / batch) when the last batch is dropped, else rounded up. */
export function stepsPerEpoch(plan: Plan): number {
  const batches = plan.datasets[0].rows / plan.batch;
  return plan.last === 'drop' ? Math.floor(batches) : Math.ceil(batches);
}

/** The share of tokens that a plan's schedule asks for at a step; undefined without a schedule. */
export function rateOf(plan: Plan, epoch: number, step: number): number | undefined {
  const { rates } = plan;
  if (rates === undefined) return undefined;
  const at = rates.over === 'epoch' ? epoch : epoch * stepsPerEpoch(plan) + step;
  return rateAt(rates, at) / 1_000_000;
}

function inMillionths({ over, points }: RateSchedule): RateSchedule {
  if (!Array.isArray(points)) return { over, points };
  return { over, points: points.map(([at, rate]) => [at, Math.round(rate * 1_000_000)]) };
}

/**
 * Checks a plan, from wherever it comes: its fields, and that it has no other.
 *
 * @throws {PlanError} if it is no object, has another version, lacks a field or has one too many.
 * @throws {ArgumentError} for a field out of range.
 */
export function checkPlan(plan: Plan): Plan {
  if (typeof plan !== 'object' || plan === null || Array.isArray(plan)) {
    throw new PlanError('PLAN', `The plan is not a JSON object: ${remake}`);
  }
  if (plan.version !== 1) {
    throw new PlanError(
      'PLAN',
      `The plan has version ${shown(plan.version)}, expected 1: ${remake}, or use the version of maskloom that made it`,
    );
  }
  const { order, batch, last } = plan;
  const dataset = checkDatasets(plan.datasets);
  const strategy = strategyFromPlan(plan.strategy);
  const mode = toMode(plan);
  if (plan.rates !== undefined) {
    if (plan.mode === 'static') {
      throw new ArgumentError('rates', 'none in static mode', plan.rates, 'use dynamic mode');
    }
    strategy.atRate(checkRateSchedule(plan.rates).points[0]![1]);
  }
  const seed = String(parseUint64('seed', plan.seed));
  if (!['global', 'sequential'].includes(order)) {
    throw new ArgumentError('order', '"global" or "sequential"', order);
  }
  if (!Number.isInteger(batch) || batch < 1 || batch > 2 ** 31 - 1) {
    throw new ArgumentError('batch', 'a number of rows from 1 to 2^31-1', batch);
  }
  if (!['drop', 'short', 'fill'].includes(last)) {
    throw new ArgumentError('last', '"drop", "short" or "fill"', last);
  }
  checkFields(plan, {
    version: 1,
    datasets: [dataset],
    strategy: strategy.plan,
    ...(plan.rates === undefined ? {} : { rates: checkRateSchedule(plan.rates) }),
    ...mode,
    seed,
    order,
    batch,
    last,
  });
  if (stepsPerEpoch(plan) === 0) {
    throw new PlanError(
      'PLAN',
      `The dataset's ${dataset.rows} rows do not fill one batch of ${batch}: choose a smaller batch, or last "short" or "fill"`,
    );
  }
  return plan;
}

function checkDatasets(datasets: Plan['datasets']): PlanDataset {
  if (!Array.isArray(datasets) || datasets.length !== 1) {
    throw new PlanError('PLAN', `The plan does not name one dataset: ${remake}`);
  }
  const { digest, rows, base } =
    (datasets[0] as PlanDataset | null) ?? ({} as Partial<PlanDataset>);
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest)) {
    throw new ArgumentError('datasets[0].digest', '64 hexadecimal digits', digest);
  }
  if (!Number.isSafeInteger(rows) || rows! < 0) {
    throw new ArgumentError('datasets[0].rows', 'an integer from 0 to 2^53-1', rows);
  }
  const first = parseUint64('datasets[0].base', base!);
  toUint64('datasets[0].base + rows', first + BigInt(rows!));
  return { digest, rows: rows!, base: base! };
}

/** Refuses a plan with other fields than those that were understood: they would still change its id. */
function checkFields(plan: Plan, understood: Plan): void {
  const [first] = differencesOf(plan as unknown as Json, understood as unknown as Json);
  if (first === undefined) return;
  const { path, left, right } = first;
  throw new PlanError(
    'PLAN',
    right === undefined
      ? `The plan has an unknown field "${path}": leave it out, or use the version of maskloom that made the plan`
      : left === undefined
        ? `The plan has no field "${path}", expected ${shown(right)} there: ${remake}`
        : `The plan's field "${path}" is ${shown(left)}, expected ${shown(right)}: ${remake}`,
  );
}
