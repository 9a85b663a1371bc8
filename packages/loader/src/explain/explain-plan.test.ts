import {
  albert,
  bert,
  bertWholeWord,
  effectiveRate,
  roberta,
  type Strategy,
  sentenceOrder,
  spanbert,
  t5,
  tokenMasking,
  ul2,
  unigramWords,
} from '@maskloom/core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { createLoader } from '../loader.ts';
import { createPlan, type PlanOptions, planFields, planId } from '../plan.ts';
import { makeDataset, sentinelVocab } from '../testing/dataset.ts';
import { plans } from '../testing/plans.ts';
import { explainPlan } from './explain-plan.ts';
import { bytes, count, percent } from './words.ts';

const dataset = { digest: 'ab'.repeat(32), rows: 1000 };
const sentinels = { first: 1099, count: 100 };

async function explain(options: Partial<PlanOptions> = {}): Promise<Record<string, string>> {
  const strategy = tokenMasking({ rate: 0.15 });
  const facts = await explainPlan(
    createPlan({ dataset, strategy, seed: 42n, batch: 32, ...options }),
  );
  return Object.fromEntries(facts.map(({ about, text }) => [about, text]));
}

describe('explainPlan()', () => {
  test('has a sentence for each field of any plan, and none of its own invention', async () => {
    // "version" says nothing about the stream, and copies are the mode's.
    const silent = ['version', 'copies'];
    const derived = ['plan', 'effective rate', 'steps per epoch'];
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const facts = await explainPlan(plan);
        const about = facts.map((fact) => fact.about);
        const fields = planFields.filter((name) => plan[name] !== undefined);
        expect([...about].sort()).toEqual(
          [
            ...fields.filter((name) => !silent.includes(name)),
            ...derived.filter((name) => name !== 'effective rate' || plan.rates === undefined),
          ].sort(),
        );
        expect(facts[0]!.text).toBe(planId(plan));
        for (const { text } of facts) expect(text).not.toMatch(/undefined|NaN|object|\n/);
      }),
    );
  });

  test.each<[string, Strategy, RegExp]>([
    [
      'tokens',
      tokenMasking({ rate: 0.15 }),
      /14\.9994 % \(9830\/65536\)\. Of the selected, 80 % become/,
    ],
    [
      'tokens that all become the mask token',
      tokenMasking({ rate: 0.5, mask: 1, random: 0, keep: 0 }),
      /Of the selected, 100 % become the mask token: one/,
    ],
    [
      'unigram words',
      tokenMasking({ rate: 0.5, randomWords: unigramWords }),
      /drawn as often as the data has it/,
    ],
    [
      'a budget and its limit',
      bert(),
      /15 % of the sample's tokens .*at least 1 and at most 20; about 19 of 128 and about 20 of 512/,
    ],
    [
      'chance',
      roberta(),
      /rounded up with the fraction's probability; about 19 of 128 and about 77 of 512/,
    ],
    [
      'whole words',
      bertWholeWord(),
      /^Whole words, as the vocabulary's continuation ids tell them, are selected until/,
    ],
    [
      'a column',
      bertWholeWord({ unit: 'column' }),
      /^Units, as the dataset's column `units` tells them,/,
    ],
    [
      'spans',
      spanbert(),
      /in spans of 1 to 10 \(3\.80 on average\).*one draw for each span as a whole\.$/,
    ],
    ['sentence order', sentenceOrder(albert()), /^The two segments .* Then: Whole words/],
    [
      'span corruption',
      t5({ sentinels, end: 3 }),
      /ends with id 3\. 15 % of the tokens are hidden, in spans of 3 on average\. Sentinels are ids 1099 down to 1000: at most 100 spans/,
    ],
    [
      'a mixture',
      ul2({ sentinels, modes: { r: 5, s: 6, x: 7 } }),
      /14\.2857 % of the samples: the sample's end, 25 % of the tokens on average, is hidden, behind mode id 6;/,
    ],
  ])('says what is hidden: %s', async (_, strategy, text) => {
    const facts = await explain({ strategy });
    expect(facts['strategy']).toMatch(text);
    expect(facts['effective rate']).toContain(percent(effectiveRate(strategy.plan)));
  });

  test('says what is left out of an epoch', async () => {
    expect(await explain()).toMatchObject({
      last: 'drop: 8 rows of an epoch (0.8 %) are left out, other ones each time',
      'steps per epoch': '31',
    });
    expect((await explain({ order: 'sequential' }))['last']).toMatch(/the same ones each time$/);
    expect(await explain({ last: 'short' })).toMatchObject({
      last: 'short: the last batch of an epoch has 8 rows',
      'steps per epoch': '32',
    });
    expect((await explain({ last: 'fill' }))['last']).toMatch(
      /8 rows and the epoch's first 24 again/,
    );
    expect((await explain({ batch: 50 }))['last']).toMatch(/no rows are left over/);
    expect((await explain({ batch: 999 }))['last']).toMatch(
      /^drop: 1 row of an epoch .* is left out/,
    );
  });

  test('says what static copies and rates mean', async () => {
    expect((await explain({ mode: 'static', copies: 10 }))['mode']).toMatch(
      /10 sets of masks; epoch e shows set e mod 10, so masks come again after 10 epochs/,
    );
    expect((await explain({ mode: 'static' }))['mode']).toMatch(/the same masks in every epoch/);
    const points = [
      [0, 0.3],
      [10_000, 0.15],
    ] as const;
    expect((await explain({ rates: { over: 'step', points } }))['rates']).toBe(
      "The strategy's rate is 30 % at global step 0 and 15 % at global step 10,000 (lines between, level outside), instead of its own",
    );
  });

  test('says how many ranks there may be', async () => {
    expect((await explain({ batch: 12 }))['batch']).toMatch(/may be 1, 2, 3, 4, 6 or 12$/);
    expect((await explain({ batch: 720 }))['batch']).toMatch(/12, 15, 16 or more that divide it$/);
  });

  describe('with the dataset', () => {
    let open: Awaited<ReturnType<typeof makeDataset>>;
    let other: typeof open;
    beforeAll(async () => {
      open = await makeDataset(203, sentinelVocab);
      other = await makeDataset(90, sentinelVocab);
    });

    const aligned = ['dense', 'compact', 'varlen'] as const;
    const mixed = () => [open, other].map((dataset) => ({ dataset, weight: 2 }));
    test.each<
      [string, readonly ((typeof aligned)[number] | 'seq2seq')[], () => Partial<PlanOptions>]
    >([
      ['tokens', aligned, () => ({ dataset: open })],
      [
        'packed rows',
        aligned,
        () => ({ dataset: open, rows: { type: 'packed', length: 64, window: 32 } }),
      ],
      ['buckets', aligned, () => ({ dataset: open, rows: { type: 'buckets', window: 24 } })],
      ['a mixture', aligned, () => ({ datasets: mixed() })],
      [
        'span corruption',
        ['seq2seq'],
        () => ({ dataset: open, strategy: t5({ sentinels, end: 3 }) }),
      ],
    ])(
      'bounds the memory of a batch in each layout it can have: %s',
      async (_, layouts, options) => {
        const strategy = tokenMasking({ rate: 0.15 });
        const plan = createPlan({ strategy, seed: 42n, batch: 12, ...options() });
        const datasets = [open, other].slice(0, plan.datasets.length);
        const facts = await explainPlan(plan, datasets);
        const memory = facts.filter(({ about }) => about.startsWith('memory'));
        expect(memory.map(({ about }) => about)).toEqual(layouts.map((name) => `memory, ${name}`));
        await using loader = await createLoader({ plan, datasets, workers: 0 });
        for (const [index, layout] of layouts.entries()) {
          let most = 0;
          for await (const { recordBatch } of loader.batches({ steps: 20, layout })) {
            most = Math.max(
              most,
              recordBatch.data.children.reduce((sum, { byteLength }) => sum + byteLength, 0),
            );
          }
          const [, size, unit] = /at most ([\d.]+) (KiB|bytes) for a global batch/.exec(
            memory[index]!.text,
          )!;
          const bound = Number(size) * (unit === 'KiB' ? 1024 : 1);
          expect(bound).toBeGreaterThanOrEqual(most * 0.999);
          expect(bound).toBeLessThan(most * 8);
        }
      },
    );

    test('refuses another dataset', async () => {
      const plan = createPlan({
        dataset,
        strategy: tokenMasking({ rate: 0.15 }),
        seed: 1,
        batch: 8,
      });
      await expect(explainPlan(plan, [open])).rejects.toMatchObject({ code: 'PLAN_DATASET' });
    });
  });
});

test('numbers are written for people', () => {
  expect([0.15, 9830 / 65536, 1 / 3, 0, 1, 0.000123].map(percent)).toEqual([
    '15 %',
    '14.9994 %',
    '33.3333 %',
    '0 %',
    '100 %',
    '0.0123 %',
  ]);
  expect([0, 999, 1000, 1_234_567, 10n ** 19n].map(count)).toEqual([
    '0',
    '999',
    '1,000',
    '1,234,567',
    '10,000,000,000,000,000,000',
  ]);
  expect([512, 1024, 1536, 5 * 2 ** 30].map(bytes)).toEqual([
    '512 bytes',
    '1 KiB',
    '1.5 KiB',
    '5 GiB',
  ]);
});
