/** @file Plans of every kind that options can make. */
import {
  albert,
  bert,
  bertWholeWord,
  electra,
  megatron,
  modernbert,
  roberta,
  type Strategy,
  sentenceOrder,
  spanbert,
  spanCorruption,
  t5,
  tokenMasking,
  ul2,
  uniformWords,
  unigramWords,
  unitMasking,
} from '@maskloom/core';
import type { Manifest } from '@maskloom/shards';
import fc from 'fast-check';
import type { RowsOptions } from '../batching/rows-plan.ts';
import { createPlan, type Plan, type PlanOptions } from '../plan.ts';

const share = fc.double({ min: 0, max: 1, noNaN: true });
const shares = fc
  .tuple(share, share)
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
  .map(([a, b]) => ({ mask: a, random: b - a, keep: 1 - b }));
const randomWords = fc.constantFrom(uniformWords, unigramWords);
const action = fc
  .tuple(shares, randomWords)
  .map(([given, words]) => ({ ...given, randomWords: words }));
const rated = fc.tuple(share, action).map(([rate, given]) => ({ rate, ...given }));
const unit = fc.constantFrom('word', 'column');
const maxPredictions = fc.nat(2 ** 31 - 1);

const sentinels = fc
  .integer({ min: 1, max: 2 ** 31 - 1 })
  .chain((first) =>
    fc.record({ first: fc.constant(first), count: fc.nat(first).map((n) => n + 1) }),
  );
const end = fc.option(fc.nat(2 ** 31 - 1), { nil: undefined });
const ids = fc.tuple(sentinels, end).map(([given, last]) => ({
  sentinels: given,
  ...(last === undefined ? {} : { end: last }),
}));

const masking: fc.Arbitrary<Strategy> = fc.oneof(
  rated.map(tokenMasking),
  fc.tuple(rated, maxPredictions).map(([given, most]) => bert({ ...given, maxPredictions: most })),
  fc.tuple(rated, unit).map(([given, kind]) => bertWholeWord({ ...given, unit: kind })),
  rated.map(roberta),
  fc.tuple(rated, unit).map(([given, kind]) => spanbert({ ...given, unit: kind })),
  fc.tuple(rated, unit).map(([given, kind]) => albert({ ...given, unit: kind })),
  fc
    .tuple(rated, fc.constantFrom('inverse', 'geometric'))
    .map(([given, lengths]) => megatron({ ...given, lengths })),
  fc
    .tuple(rated, fc.integer({ min: 1, max: 8192 }))
    .map(([given, maxLength]) => electra({ ...given, maxLength })),
  action.map(modernbert),
  fc
    .record({ select: fc.nat(65536), mask: fc.nat(65536), kind: unit })
    .map(({ select, mask, kind }) =>
      unitMasking({
        type: 'units',
        unit: kind,
        lengths: [],
        selection: { type: 'bernoulli', select },
        action: { mask, random: 65536, per: 'unit' },
      }),
    ),
);

const corrupting: fc.Arbitrary<Strategy> = fc.oneof(
  fc
    .tuple(ids, share, fc.double({ min: 1, max: 1000, noNaN: true }))
    .map(([given, rate, meanLength]) => t5({ ...given, rate, meanLength })),
  ids.map(ul2),
  ids.map((given) => ul2({ ...given, modes: { r: 5, s: 6, x: 7 } })),
  fc.tuple(ids, fc.nat(1_000_000)).map(([given, density]) =>
    spanCorruption({
      type: 'span-corruption',
      denoisers: [{ type: 'suffix', density }],
      choice: [],
      ...given,
    }),
  ),
);

export const strategies: fc.Arbitrary<Strategy> = fc.oneof(
  { weight: 3, arbitrary: masking },
  masking.map(sentenceOrder),
  corrupting,
);

const rows = fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 2 ** 53 - 1 }));
const seed = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const rates = fc
  .tuple(
    fc.constantFrom('epoch', 'step'),
    fc.uniqueArray(fc.nat(2 ** 32 - 1), { minLength: 1, maxLength: 4 }),
    share,
  )
  .map(([over, at, rate]) => ({
    over,
    points: at.sort((a, b) => a - b).map((point) => [point, rate] as const),
  }));

/** Whether a strategy takes rates. */
function takesRates(strategy: Strategy): boolean {
  try {
    strategy.atRate(150_000);
    return true;
  } catch {
    return false;
  }
}

/** Options that make a plan. */
export const planOptions: fc.Arbitrary<PlanOptions> = fc
  .record({
    digest: fc.string({
      unit: fc.constantFrom(...'0123456789abcdef'),
      minLength: 64,
      maxLength: 64,
    }),
    rows,
    strategy: strategies,
    seed: fc.oneof(seed, fc.constantFrom(0n, 2n ** 64n - 1n)),
    mode: fc.constantFrom('dynamic', 'static'),
    copies: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    rates: fc.option(rates, { nil: undefined }),
    order: fc.constantFrom('global', 'sequential', 'windowed'),
    window: fc.integer({ min: 1, max: 1000 }),
    kind: fc.constantFrom('samples', 'samples', 'packed', 'buckets', 'tokens'),
    weights: fc.option(fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 2, maxLength: 4 }), {
      nil: undefined,
    }),
    batch: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    last: fc.constantFrom('drop', 'short', 'fill'),
  })
  .map(({ digest, rows: total, mode, copies, rates: schedule, order, window, ...rest }) => {
    const { kind, weights, strategy, batch, last, seed: drawn } = rest;
    const aligned = ['token', 'units'].includes(strategy.plan.type);
    const plain = kind === 'samples' || (kind === 'packed' && !aligned);
    // Lengths are asked for one by one.
    const rows = plain
      ? Math.max(1, Math.floor(total / (weights?.length ?? 1)))
      : Math.min(total, 1000);
    const most = plain ? batch : Math.min(batch, 7);
    const ruled = weights !== undefined ? 'drop' : kind === 'tokens' && !plain ? 'short' : last;
    const per = ruled === 'drop' ? Math.min(most, rows) : most;
    const samples = kind === 'buckets' ? window * per : window;
    const dataset = { digest, rows: Math.max(rows, kind === 'packed' ? 4 * per : 0) };
    const lengths = { length: () => 5, manifest: { longest: 5 } as Manifest };
    const planned = plain ? dataset : { ...dataset, ...lengths };
    return {
      strategy,
      seed: drawn,
      batch: per,
      last: ruled,
      order: order === 'windowed' ? ({ type: 'windowed', rows: samples } as const) : order,
      ...(weights === undefined
        ? { dataset: planned }
        : { datasets: weights.map((weight) => ({ dataset: planned, weight })) }),
      ...(plain
        ? {}
        : { rows: { type: kind, length: 9, max: 30, window: samples } as RowsOptions }),
      ...(mode === 'static'
        ? { mode, copies }
        : schedule === undefined || !takesRates(strategy)
          ? { mode }
          : { mode, rates: schedule }),
    };
  });

/** Plans of every kind. */
export const plans: fc.Arbitrary<Plan> = planOptions.map(createPlan);
