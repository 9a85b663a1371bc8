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
import { countRows } from './batching/count-rows.ts';
import { unitsOf, unitsPerStep } from './batching/index-plan.ts';
import { checkWeights } from './batching/mixing.ts';
import { checkOrder, type OrderPlan } from './batching/order.ts';
import { checkRows, type RowsOptions, type RowsPlan } from './batching/rows-plan.ts';
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
  /** In a mixture: how often it is drawn from, beside the others. */
  readonly weight?: number;
}

/** All that fixes the stream of batches. Its canonical JSON's SHA-256 is the plan id. */
export interface Plan {
  readonly version: 1;
  /** One, or several that are mixed. */
  readonly datasets: readonly PlanDataset[];
  readonly strategy: StrategyPlan;
  /** The strategy's rate over the run; not in static mode. */
  readonly rates?: RateSchedule;
  readonly mode: 'dynamic' | 'static';
  /** Only in static mode. */
  readonly copies?: number;
  /** Decimal digits of 0 to 2^64-1. */
  readonly seed: string;
  readonly order: OrderPlan;
  /** Rows of the global batch; with batches by tokens, at most. */
  readonly batch: number;
  /** The rows left over at an epoch's end: left out, a shorter batch, or filled from its start. */
  readonly last: 'drop' | 'short' | 'fill';
  /** Packed rows, or batches of samples of like length; without it, each sample is a row. */
  readonly rows?: RowsPlan;
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
  rows: true,
} satisfies Record<keyof Plan, true>) as readonly (keyof Plan)[];

const remake = 'make it again with `maskloom plan make`';

/** A dataset to make a plan for; its samples' lengths are asked for with `rows` only. */
export type PlannedDataset = Pick<Dataset, 'digest' | 'rows'> &
  Partial<Pick<Dataset, 'length' | 'manifest'>>;

/** Options of {@linkcode createPlan}. */
export interface PlanOptions {
  /** The dataset; or `datasets`, to mix several. */
  readonly dataset?: PlannedDataset;
  /** Of every `sum of weights` rows in a row, each dataset gives `weight`, an integer from 1. */
  readonly datasets?: readonly { readonly dataset: PlannedDataset; readonly weight: number }[];
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
  readonly order?: OrderPlan;
  /** Rows of the global batch; with batches by tokens, at most. */
  readonly batch: number;
  /** Default `drop`; `short` with batches by tokens, which take no other. */
  readonly last?: 'drop' | 'short' | 'fill';
  /**
   * `packed`: several samples to a row of at most `length` tokens. `buckets`: batches of samples of like length.
   * `tokens`: such batches of at most `max` tokens, padding included. Within `window` samples (default about
   * 16,384), whose lengths are asked for here. Default: each sample is a row.
   */
  readonly rows?: RowsOptions;
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
  const { strategy, order = 'global' } = options;
  const planned = plannedDatasets(options);
  const short = options.rows?.type === 'tokens' && planned.length === 1;
  const last = options.last ?? (short ? 'short' : 'drop');
  const plan = {
    version: 1,
    datasets: placed(planned),
    strategy: strategy.plan,
    ...(options.rates === undefined ? {} : { rates: inMillionths(options.rates) }),
    ...toMode(options),
    seed: String(toUint64('seed', options.seed)),
    order,
    batch: options.batch,
    last,
  } as const;
  checkPlan(plan);
  if (options.rows === undefined) return plan;
  const datasets = planned.map(({ dataset }) => dataset);
  return checkPlan({ ...plan, rows: countRows(plan, options.rows, datasets) });
}

function plannedDatasets({ dataset, datasets }: PlanOptions) {
  if ((dataset === undefined) === (datasets === undefined)) {
    throw new ArgumentError('dataset', 'one, or several as "datasets"', dataset);
  }
  return datasets ?? [{ dataset: dataset!, weight: undefined }];
}

/** Gives each dataset its place among the sample ids: one behind the other. */
function placed(
  planned: readonly { readonly dataset: PlannedDataset; readonly weight: number | undefined }[],
): PlanDataset[] {
  let base = 0n;
  return planned.map(({ dataset: { digest, rows }, weight }) => {
    const place = { digest, rows, base: String(base) };
    base += BigInt(rows);
    // A dataset by itself has no weight.
    return planned.length === 1 ? place : { ...place, weight: weight! };
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

/**
 * Steps of an epoch: floor(rows / batch) when the last batch is dropped, else rounded up. In a mixture, the rows
 * of all datasets together.
 */
export function stepsPerEpoch(plan: Plan): number {
  const units = unitsOf(plan).reduce((sum, count) => sum + count, 0);
  const batches = units / unitsPerStep(plan);
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
  const { batch, last } = plan;
  const datasets = checkDatasets(plan.datasets);
  const strategy = strategyFromPlan(plan.strategy);
  const mode = toMode(plan);
  if (plan.rates !== undefined) {
    if (plan.mode === 'static') {
      throw new ArgumentError('rates', 'none in static mode', plan.rates, 'use dynamic mode');
    }
    strategy.atRate(checkRateSchedule(plan.rates).points[0]![1]);
  }
  const seed = String(parseUint64('seed', plan.seed));
  const order = checkOrder(plan.order);
  if (!Number.isInteger(batch) || batch < 1 || batch > 2 ** 31 - 1) {
    throw new ArgumentError('batch', 'a number of rows from 1 to 2^31-1', batch);
  }
  if (!['drop', 'short', 'fill'].includes(last)) {
    throw new ArgumentError('last', '"drop", "short" or "fill"', last);
  }
  const rows = checkBatching(plan);
  checkFields(plan, {
    version: 1,
    datasets,
    strategy: strategy.plan,
    ...(plan.rates === undefined ? {} : { rates: checkRateSchedule(plan.rates) }),
    ...mode,
    seed,
    order,
    batch,
    last,
    ...(rows === undefined ? {} : { rows }),
  });
  if (stepsPerEpoch(plan) === 0) {
    const units = unitsOf(plan).reduce((sum, count) => sum + count, 0);
    throw new PlanError(
      'PLAN',
      `The dataset's ${units} rows do not fill one batch of ${batch}: choose a smaller batch, or last "short" or "fill"`,
    );
  }
  return plan;
}

function checkDatasets(datasets: Plan['datasets']): PlanDataset[] {
  if (!Array.isArray(datasets) || datasets.length === 0 || datasets.length > mostDatasets) {
    throw new PlanError('PLAN', `The plan does not name 1 to ${mostDatasets} datasets: ${remake}`);
  }
  const mixed = datasets.length > 1;
  const checked = (datasets as readonly (PlanDataset | null)[]).map((dataset, index) =>
    checkPlanDataset(dataset ?? {}, `datasets[${index}]`, mixed),
  );
  if (mixed) checkWeights(checked.map(({ weight }) => weight));
  let end = 0n;
  for (const { base, rows } of checked.toSorted((a, b) =>
    BigInt(a.base) < BigInt(b.base) ? -1 : 1,
  )) {
    if (BigInt(base) < end) {
      throw new ArgumentError('datasets: base', `at least ${end}, behind another dataset's`, base);
    }
    end = BigInt(base) + BigInt(rows);
  }
  const total = checked.reduce((sum, { rows }) => sum + BigInt(rows), 0n);
  if (total > Number.MAX_SAFE_INTEGER) {
    throw new ArgumentError('datasets: rows', 'at most 2^53-1 of all together', total);
  }
  return checked;
}

/** More would leave their permutations no draws of their own. */
const mostDatasets = 4096;

function checkPlanDataset(
  { digest, rows, base, weight }: Partial<PlanDataset>,
  name: string,
  mixed: boolean,
): PlanDataset {
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest)) {
    throw new ArgumentError(`${name}.digest`, '64 hexadecimal digits', digest);
  }
  // In a mixture, every dataset has to have something to draw.
  const least = mixed ? 1 : 0;
  if (!Number.isSafeInteger(rows) || rows! < least) {
    throw new ArgumentError(`${name}.rows`, `an integer from ${least} to 2^53-1`, rows);
  }
  if (!mixed && weight !== undefined) {
    throw new ArgumentError(`${name}.weight`, 'none for a dataset by itself', weight);
  }
  const first = parseUint64(`${name}.base`, base!);
  toUint64(`${name}.base + rows`, first + BigInt(rows!));
  return { digest, rows: rows!, base: base!, ...(mixed ? { weight: weight! } : {}) };
}

/** Checks the rows of a plan, and what they, order, last and strategy ask of each other. */
function checkBatching({
  rows,
  order,
  batch,
  last,
  strategy,
  datasets,
}: Plan): RowsPlan | undefined {
  if (datasets.length > 1 && last !== 'drop') {
    const why =
      'in a mixture nothing is left over: the next epoch goes on where the last one ended';
    throw new ArgumentError('last', '"drop"', last, why);
  }
  if (rows === undefined) return undefined;
  const checked = checkRows(rows, batch, datasets.length);
  if (typeof order === 'object' && order.rows !== rows.window) {
    const why = 'the windows of the rows are those of the order';
    throw new ArgumentError('order.rows', `the rows' window, ${rows.window}`, order.rows, why);
  }
  if (rows.type === 'tokens' && last !== 'short' && datasets.length === 1) {
    throw new ArgumentError('last', '"short"', last, 'batches by tokens have no size to fill');
  }
  const aligned = strategy.type === 'token' || strategy.type === 'units';
  if (rows.type === 'packed' && !aligned) {
    const why = `samples with ${strategy.type} need rows of their own`;
    throw new ArgumentError('rows.type', '"buckets" or "tokens"', rows.type, why);
  }
  return checked;
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
