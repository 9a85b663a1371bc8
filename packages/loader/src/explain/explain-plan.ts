import { effectiveRate } from '@maskloom/core';
import type { Dataset } from '@maskloom/shards';
import { plannedIndex } from '../batching/planned-index.ts';
import { checkDatasets } from '../check-dataset.ts';
import { layoutContextOf } from '../layouts/layout-context.ts';
import { layoutOf } from '../layouts/layout-spec.ts';
import { type Plan, planId, stepsPerEpoch } from '../plan.ts';
import type { RateSchedule } from '../rate-schedule.ts';
import { explainStrategy } from './explain-strategy.ts';
import { bytes, count, listed, many, percent } from './words.ts';

/** What a plan says, or what follows from it, in plain words. */
export interface PlanFact {
  /** The field of the plan, such as `strategy`; or what follows from several, such as `steps per epoch`. */
  readonly about: string;
  /** A sentence or two. */
  readonly text: string;
}

/**
 * Explains a plan, field by field: what is hidden and how much of it, how long an epoch is, what it leaves out,
 * and, with its datasets, how much memory a batch takes in each layout.
 *
 * @param datasets those that the plan names, in its order
 * @throws {PlanError} with code `PLAN_DATASET` if the plan names others.
 *
 * @example
 * ```ts
 * import { tokenMasking } from '@maskloom/core';
 * import { createPlan, explainPlan } from '@maskloom/loader';
 * const dataset = { digest: 'ab'.repeat(32), rows: 1000 };
 * const plan = createPlan({ dataset, strategy: tokenMasking({ rate: 0.15 }), seed: 42n, batch: 32 });
 * for (const { about, text } of await explainPlan(plan)) console.log(`${about}: ${text}`);
 * ```
 */
export async function explainPlan(
  plan: Plan,
  datasets?: readonly Dataset[],
): Promise<readonly PlanFact[]> {
  const { rates, rows, seed } = plan;
  const facts: [about: string, text: string | undefined][] = [
    ['plan', planId(plan)],
    ['datasets', explainDatasets(plan)],
    ['strategy', explainStrategy(plan.strategy)],
    ['effective rate', rates === undefined ? explainRate(plan) : undefined],
    ['rates', rates === undefined ? undefined : explainRates(rates)],
    ['mode', explainMode(plan)],
    ['seed', `${seed}: the key of every draw; another gives other masks and another order`],
    ['order', explainOrder(plan)],
    ['rows', rows === undefined ? undefined : explainRows(rows)],
    ['batch', explainBatch(plan)],
    ['last', explainLast(plan)],
    ['steps per epoch', count(stepsPerEpoch(plan))],
    ...(datasets === undefined ? [] : await explainMemory(plan, datasets)),
  ];
  return facts.flatMap(([about, text]) => (text === undefined ? [] : [{ about, text }]));
}

function explainDatasets({ datasets }: Plan): string {
  const totalWeight = datasets.reduce((sum, { weight = 1 }) => sum + weight, 0);
  const parts = datasets.map(({ digest, rows, base, weight }) => {
    const first = BigInt(base);
    const ids = rows === 0 ? '' : `, sample ids ${first} to ${first + BigInt(rows - 1)}`;
    const often =
      weight === undefined ? '' : `, ${count(weight)} of every ${count(totalWeight)} rows`;
    return `${many(rows, 'sample')} of dataset ${digest}${ids}${often}`;
  });
  return parts.join('; ');
}

function explainRate({ strategy }: Plan): string {
  const rate = percent(effectiveRate(strategy));
  const masking = strategy.type === 'sentence-order' ? strategy.masking : strategy;
  const byUnit =
    masking.type === 'token' ||
    (masking.type === 'units' && masking.selection.type === 'bernoulli');
  return byUnit
    ? `${rate} of what may be selected, as the integers of the plan have it`
    : `${rate} of the tokens, before rounding and limits`;
}

function explainRates({ over, points }: RateSchedule): string {
  const at = (point: number) =>
    over === 'epoch' ? `epoch ${point}` : `global step ${count(point)}`;
  const parts = points.map(([point, rate]) => `${percent(rate / 1_000_000)} at ${at(point)}`);
  const between = points.length === 1 ? 'the same throughout' : 'lines between, level outside';
  return `The strategy's rate is ${listed(parts)} (${between}), instead of its own`;
}

function explainMode({ mode, copies = 1 }: Plan): string {
  if (mode === 'dynamic') return 'dynamic: new masks each epoch';
  if (copies === 1) return 'static: each sample has the same masks in every epoch';
  return `static: each sample has ${count(copies)} sets of masks; epoch e shows set e mod ${count(copies)}, so masks come again after ${count(copies)} epochs`;
}

function explainOrder({ order, rows, datasets }: Plan): string {
  if (order === 'sequential') return 'sequential: as they are stored, the same in every epoch';
  const what = datasets.length === 1 ? 'all rows' : "each dataset's rows";
  if (order !== 'global') {
    return `windowed: shards in an order of their own each epoch, and their rows mixed within ${many(order.rows, 'row')}`;
  }
  return rows === undefined
    ? `global: ${what} in an order of their own each epoch`
    : 'global: windows, and what is made of each, in an order of their own each epoch';
}

function explainRows(rows: NonNullable<Plan['rows']>): string {
  const window = `within windows of ${many(rows.window, 'sample')}`;
  if (rows.type === 'buckets') return `buckets: a batch has samples of like length, ${window}`;
  if (rows.type === 'tokens') {
    return `tokens: a batch has samples of like length, of at most ${count(rows.max)} tokens with padding, ${window}`;
  }
  return `packed: a row has as many samples as fit ${many(rows.length, 'token')}, ${window}`;
}

const mostDivisors = 12;

function explainBatch({ batch, rows }: Plan): string {
  const divisors = Array.from({ length: Math.min(batch, 1024) }, (_, index) => index + 1).filter(
    (ranks) => batch % ranks === 0,
  );
  const shown = divisors.slice(0, mostDivisors);
  const all = shown.at(-1) === batch;
  const ranks = all ? listed(shown, 'or') : `${shown.join(', ')} or more that divide it`;
  const most = rows?.type === 'tokens' ? 'at most ' : '';
  return `${most}${many(batch, 'row')} over all ranks, of which there may be ${ranks}`;
}

function explainLast(plan: Plan): string {
  const { last, batch, order, rows, datasets } = plan;
  if (datasets.length > 1) {
    return 'drop: nothing is left over, since the next epoch goes on where the last one ended';
  }
  if (rows?.type === 'tokens')
    return 'short: every sample is seen, and batches have as many as fit';
  const [total] = rows?.type === 'packed' ? rows.units : [datasets[0]!.rows];
  const rest = total! % batch;
  if (rest === 0) return `${last}: no rows are left over at an epoch's end`;
  if (last === 'short') return `short: the last batch of an epoch has ${many(rest, 'row')}`;
  if (last === 'fill') {
    return `fill: the last batch of an epoch has ${many(rest, 'row')} and the epoch's first ${count(batch - rest)} again`;
  }
  const which = order === 'sequential' ? 'the same ones each time' : 'other ones each time';
  return `drop: ${many(rest, 'row')} of an epoch (${percent(rest / total!)}) ${rest === 1 ? 'is' : 'are'} left out, ${which}`;
}

async function explainMemory(
  plan: Plan,
  datasets: readonly Dataset[],
): Promise<[about: string, text: string][]> {
  checkDatasets(plan, datasets);
  const indexed = await Promise.all(
    datasets.map(async (dataset, number) => ({
      manifest: dataset.manifest,
      samples: dataset,
      index: await plannedIndex(plan, number, dataset, undefined),
    })),
  );
  const context = await layoutContextOf(plan, indexed);
  const { inputs, labels } = context.capacity;
  const corrupted = plan.strategy.type === 'span-corruption';
  const tokens = datasets.reduce((sum, { manifest }) => sum + manifest.tokens, 0);
  const longest = Math.max(...datasets.map(({ manifest }) => manifest.longest));
  const outputs = corrupted
    ? `; inputs are of at most ${many(inputs, 'token')}, targets of at most ${count(labels)}`
    : '';
  const layouts = corrupted ? (['seq2seq'] as const) : (['dense', 'compact', 'varlen'] as const);
  return [
    ['samples', `${many(tokens, 'token')}, at most ${count(longest)} in a sample${outputs}`],
    ...layouts.map((layout): [string, string] => {
      const size = layoutOf(layout, context).capacity(context, plan.batch);
      return [`memory, ${layout}`, `at most ${bytes(size)} for a global batch, which ranks share`];
    }),
  ];
}
