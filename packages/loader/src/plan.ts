import { createHash } from 'node:crypto';
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
import { canonicalJson, type Dataset, type Json } from '@maskloom/shards';
import { PlanError } from './errors.ts';
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
    throw new PlanError('PLAN', 'The plan is not valid JSON: make it again with `maskloom plan`', {
      cause,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PlanError('PLAN', 'The plan is not a JSON object: make it with `maskloom plan`');
  }
  const plan = value as Plan;
  const unknown = unknownField(plan, checkPlan(plan), '');
  // A field that is ignored would still change the plan id.
  if (unknown !== undefined) {
    throw new PlanError(
      'PLAN',
      `The plan has an unknown field "${unknown}": remove it, or make the plan again with \`maskloom plan\``,
    );
  }
  return plan;
}

/** The first field of a JSON value, at any depth, that the known one does not have. */
function unknownField(value: unknown, known: unknown, path: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const name = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    if (!Object.hasOwn(known as object, key)) return name;
    const found = unknownField(inner, (known as Record<string, unknown>)[key], name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The plan id: SHA-256 of the plan's canonical JSON (RFC 8785), hexadecimal. */
export function planId(plan: Plan): string {
  return createHash('sha256')
    .update(canonicalJson(plan as unknown as Json))
    .digest('hex');
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

/** Checks a plan, and returns it with the fields that are known. */
function checkPlan(plan: Plan): Plan {
  if (plan.version !== 1) throw new ArgumentError('version', '1', plan.version);
  const dataset: unknown = Array.isArray(plan.datasets) ? plan.datasets[0] : undefined;
  if (!isDataset(dataset) || plan.datasets.length !== 1) {
    throw new PlanError('PLAN', 'The plan does not name one dataset: make it with `maskloom plan`');
  }
  if (typeof dataset.digest !== 'string' || !/^[0-9a-f]{64}$/.test(dataset.digest)) {
    throw new ArgumentError('datasets[0].digest', '64 hexadecimal digits', dataset.digest);
  }
  if (!Number.isSafeInteger(dataset.rows) || dataset.rows < 0) {
    throw new ArgumentError('datasets[0].rows', 'an integer from 0 to 2^53-1', dataset.rows);
  }
  const base = parseUint64('datasets[0].base', dataset.base);
  toUint64('datasets[0].base + rows', base + BigInt(dataset.rows));
  const strategy = strategyFromPlan(plan.strategy);
  const mode = toMode(plan);
  let rates: RateSchedule | undefined;
  if (plan.rates !== undefined) {
    if (plan.mode === 'static') {
      throw new ArgumentError('rates', 'none in static mode', plan.rates, 'use dynamic mode');
    }
    rates = checkRateSchedule(plan.rates);
    strategy.atRate(rates.points[0]![1]);
  }
  parseUint64('seed', plan.seed);
  if (!['global', 'sequential'].includes(plan.order)) {
    throw new ArgumentError('order', '"global" or "sequential"', plan.order);
  }
  if (!Number.isInteger(plan.batch) || plan.batch < 1 || plan.batch > 2 ** 31 - 1) {
    throw new ArgumentError('batch', 'a number of rows from 1', plan.batch);
  }
  if (!['drop', 'short', 'fill'].includes(plan.last)) {
    throw new ArgumentError('last', '"drop", "short" or "fill"', plan.last);
  }
  if (stepsPerEpoch(plan) === 0) {
    throw new PlanError(
      'PLAN',
      `The dataset's ${dataset.rows} rows do not fill one batch of ${plan.batch}: choose a smaller batch, or last "short" or "fill"`,
    );
  }
  const { version, seed, order, batch, last } = plan;
  const { digest, rows, base: sampleBase } = dataset;
  return {
    version,
    datasets: [{ digest, rows, base: sampleBase }],
    strategy: strategy.plan,
    ...(rates === undefined ? {} : { rates }),
    ...mode,
    seed,
    order,
    batch,
    last,
  };
}

function isDataset(value: unknown): value is PlanDataset {
  return typeof value === 'object' && value !== null;
}
