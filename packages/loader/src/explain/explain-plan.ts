import { effectiveRate } from '@maskloom/core';
import type { Dataset } from '@maskloom/shards';
import { longestOutputs } from '../capacity.ts';
import { checkDataset } from '../check-dataset.ts';
import type { LayoutContext } from '../layouts/layout.ts';
import { defaultLayout, layoutOf } from '../layouts/layout-spec.ts';
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
 * and, with its dataset, how much memory a batch takes in each layout.
 *
 * @throws {PlanError} with code `PLAN_DATASET` if the plan names another dataset.
 *
 * @example
 * ```ts
 * import { tokenMasking } from '@maskloom/core';
 * import { createPlan, explainPlan } from '@maskloom/loader';
 * const dataset = { digest: 'ab'.repeat(32), rows: 1000 };
 * const plan = createPlan({ dataset, strategy: tokenMasking({ rate: 0.15 }), seed: 42n, batch: 32 });
 * for (const { about, text } of explainPlan(plan)) console.log(`${about}: ${text}`);
 * ```
 */
export function explainPlan(plan: Plan, dataset?: Dataset): readonly PlanFact[] {
  const rate = effectiveRate(plan.strategy);
  const facts: PlanFact[] = [
    { about: 'plan', text: planId(plan) },
    { about: 'datasets', text: explainDatasets(plan) },
    { about: 'strategy', text: explainStrategy(plan.strategy) },
  ];
  if (plan.rates === undefined) {
    facts.push({ about: 'effective rate', text: `${percent(rate)}${effectiveOf(plan)}` });
  } else {
    facts.push({ about: 'rates', text: explainRates(plan.rates) });
  }
  facts.push(
    { about: 'mode', text: explainMode(plan) },
    {
      about: 'seed',
      text: `${plan.seed}: the key of every draw; another gives other masks and another order`,
    },
    { about: 'order', text: explainOrder(plan) },
    { about: 'batch', text: explainBatch(plan) },
    { about: 'last', text: explainLast(plan) },
    { about: 'steps per epoch', text: count(stepsPerEpoch(plan)) },
  );
  if (dataset !== undefined) facts.push(...explainMemory(plan, dataset));
  return facts;
}

function explainDatasets({ datasets: [{ digest, rows, base }] }: Plan): string {
  const first = BigInt(base);
  const ids = rows === 0 ? 'no' : `${first} to ${first + BigInt(rows - 1)} as`;
  return `${many(rows, 'sample')} of dataset ${digest}, with ${ids} sample ids`;
}

function effectiveOf({ strategy }: Plan): string {
  const masking = strategy.type === 'sentence-order' ? strategy.masking : strategy;
  if (
    masking.type === 'token' ||
    (masking.type === 'units' && masking.selection.type === 'bernoulli')
  ) {
    return ' of what may be selected, as the integers of the plan have it';
  }
  return ' of the tokens, before rounding and caps';
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

function explainOrder({ order }: Plan): string {
  return order === 'global'
    ? 'global: all rows in an order of their own each epoch'
    : 'sequential: rows as they are stored, the same in every epoch';
}

const mostDivisors = 12;

function explainBatch({ batch }: Plan): string {
  const divisors = Array.from({ length: Math.min(batch, 1024) }, (_, index) => index + 1).filter(
    (ranks) => batch % ranks === 0,
  );
  const shown = divisors.slice(0, mostDivisors);
  const all = shown.at(-1) === batch;
  const ranks = all ? listed(shown, 'or') : `${shown.join(', ')} or more that divide it`;
  return `${many(batch, 'row')} over all ranks, of which there may be ${ranks}`;
}

function explainLast(plan: Plan): string {
  const { last, batch, order } = plan;
  const { rows } = plan.datasets[0];
  const rest = rows % batch;
  if (rest === 0) return `${last}: no rows are left over at an epoch's end`;
  if (last === 'short') return `short: the last batch of an epoch has ${many(rest, 'row')}`;
  if (last === 'fill') {
    return `fill: the last batch of an epoch has ${many(rest, 'row')} and the epoch's first ${count(batch - rest)} again`;
  }
  const which = order === 'sequential' ? 'the same ones each time' : 'other ones each time';
  return `drop: ${many(rest, 'row')} of an epoch (${percent(rest / rows)}) ${rest === 1 ? 'is' : 'are'} left out, ${which}`;
}

function explainMemory(plan: Plan, dataset: Dataset): PlanFact[] {
  checkDataset(plan, dataset);
  const { vocab, tokens, longest } = dataset.manifest;
  const context: LayoutContext = {
    vocab,
    capacity: longestOutputs(plan, dataset),
    sentenceOrder: plan.strategy.type === 'sentence-order',
    defaultLayout: defaultLayout(plan),
  };
  const { inputs, labels } = context.capacity;
  const outputs =
    plan.strategy.type === 'span-corruption'
      ? `; inputs are of at most ${many(inputs, 'token')}, targets of at most ${count(labels)}`
      : '';
  const layouts = plan.strategy.type === 'span-corruption' ? ['seq2seq'] : ['dense', 'compact'];
  return [
    {
      about: 'samples',
      text: `${many(tokens, 'token')}, at most ${count(longest)} in a sample${outputs}`,
    },
    ...layouts.map((layout) => {
      const size = layoutOf(layout as 'dense', context).capacity(context, plan.batch);
      return {
        about: `memory, ${layout}`,
        text: `at most ${bytes(size)} for a global batch, which ranks share`,
      };
    }),
  ];
}
