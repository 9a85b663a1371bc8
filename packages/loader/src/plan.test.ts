import { tokenMasking } from '@maskloom/core';
import { canonicalJson, type Json } from '@maskloom/shards';
import { describe, expect, test } from 'vitest';
import { createPlan, parsePlan, planId, stepsPerEpoch } from './plan.ts';

const dataset = { digest: 'ab'.repeat(32), rows: 103 };
const strategy = tokenMasking({ rate: 0.15 });
const plan = createPlan({ dataset, strategy, seed: 42n, batch: 10 });

describe('a plan', () => {
  test('keeps its id through JSON, whatever the order of its fields', () => {
    const text = canonicalJson(plan as unknown as Json);
    expect(planId(parsePlan(text))).toBe(planId(plan));
    const reversed = Object.fromEntries(Object.entries(plan).reverse());
    expect(planId(parsePlan(JSON.stringify(reversed)))).toBe(planId(plan));
  });

  test('has another id when anything of the stream changes', () => {
    const others = [
      createPlan({ dataset, strategy, seed: 43n, batch: 10 }),
      createPlan({ dataset, strategy, seed: 42n, batch: 20 }),
      createPlan({ dataset, strategy, seed: 42n, batch: 10, last: 'short' }),
      createPlan({ dataset, strategy, seed: 42n, batch: 10, order: 'sequential' }),
      createPlan({ dataset, strategy, seed: 42n, batch: 10, mode: 'static' }),
      createPlan({ dataset, strategy, seed: 42n, batch: 10, mode: 'static', copies: 2 }),
      createPlan({ dataset, strategy: tokenMasking({ rate: 0.3 }), seed: 42n, batch: 10 }),
      createPlan({
        dataset: { ...dataset, digest: '0'.repeat(64) },
        strategy,
        seed: 42n,
        batch: 10,
      }),
    ];
    expect(new Set([plan, ...others].map(planId)).size).toBe(others.length + 1);
  });

  test('counts steps as the rule for the last batch says', () => {
    expect(stepsPerEpoch(plan)).toBe(10);
    expect(stepsPerEpoch({ ...plan, last: 'short' })).toBe(11);
    expect(stepsPerEpoch({ ...plan, last: 'fill' })).toBe(11);
  });

  test('keeps a 64-bit seed whole', () => {
    const seed = 2n ** 64n - 1n;
    const big = createPlan({ dataset, strategy, seed, batch: 10 });
    expect(parsePlan(JSON.stringify(big)).seed).toBe('18446744073709551615');
  });
});

describe('parsePlan() names what is wrong', () => {
  const change = (fields: object) => () => parsePlan(JSON.stringify({ ...plan, ...fields }));
  test.each([
    [{ version: 2 }, /version 2, expected 1/],
    [{ seed: '-1' }, /^seed is "-1"/],
    [{ seed: 42 }, /^seed is 42/],
    [{ batch: 0 }, /^batch is 0/],
    [{ batch: 104 }, /103 rows do not fill one batch of 104/],
    [{ last: 'keep' }, /^last is "keep"/],
    [{ order: 'random' }, /^order is "random"/],
    [{ mode: 'both' }, /^mode is "both"/],
    [{ copies: 3 }, /^copies is 3/],
    [{ strategy: { type: 'span' } }, /^strategy.type is "span"/],
    [{ strategy: { ...plan.strategy, select: 0.15 } }, /^strategy.select is 0.15/],
    [{ datasets: [] }, /does not name 1 to 4096 datasets/],
    [{ datasets: [{ ...plan.datasets[0], digest: 'x' }] }, /^datasets\[0\].digest is "x"/],
    [
      {
        datasets: ['0', '9007199254740991'].map((base) => ({
          ...{ ...plan.datasets[0], base, rows: 2 ** 53 - 1, weight: 1 },
        })),
      },
      /^datasets: rows is 18014398509481982n, expected at most 2\^53-1 of all together/,
    ],
    [{ worldSize: 4 }, /unknown field "worldSize"/],
  ])('%o', (fields, message) => {
    expect(change(fields)).toThrow(message);
  });

  test('when it is not JSON, or not an object', () => {
    expect(() => parsePlan('{"version":')).toThrow(/not valid JSON/);
    expect(() => parsePlan('[]')).toThrow(/not a JSON object/);
    expect(() => parsePlan('null')).toThrow(/not a JSON object/);
  });
});
