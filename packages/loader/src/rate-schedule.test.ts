import { albert, modernbert, sentenceOrder, spanbert, tokenMasking } from '@maskloom/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPlan, parsePlan, planId, rateOf } from './plan.ts';
import { type RateSchedule, rateAt } from './rate-schedule.ts';

const dataset = { digest: 'ab'.repeat(32), rows: 100 };
const base = { dataset, seed: 1n, batch: 10 };
const strategy = tokenMasking({ rate: 0.15 });

const schedule = fc
  .record({
    over: fc.constantFrom('epoch' as const, 'step' as const),
    points: fc.uniqueArray(
      fc.tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 1_000_000 })),
      { minLength: 1, maxLength: 6, selector: ([at]) => at },
    ),
  })
  .map(({ over, points }): RateSchedule => ({ over, points: points.sort(([a], [b]) => a - b) }));

test('rateAt() is the exact line between two points, cut to an integer', () => {
  fc.assert(
    fc.property(schedule, fc.integer({ min: 0, max: 2 ** 33 }), (given, at) => {
      const { points } = given;
      const after = points.filter(([start]) => start > at);
      const before = points.filter(([start]) => start <= at);
      const [a, b] = [before.at(-1), after[0]];
      const rate = rateAt(given, at);
      if (a === undefined || b === undefined) {
        expect(rate).toBe((a ?? b)![1]);
        return;
      }
      const span = BigInt(b[0] - a[0]);
      const scaled = BigInt(a[1]) * span + BigInt(b[1] - a[1]) * BigInt(at - a[0]);
      expect(BigInt(rate)).toBe(scaled / span);
    }),
    { numRuns: 500 },
  );
});

test('a schedule over steps counts them through epochs', () => {
  const rates = {
    over: 'step',
    points: [
      [5, 0.3],
      [25, 0.1],
    ],
  } as const;
  const plan = createPlan({ ...base, strategy, rates });
  expect([rateOf(plan, 0, 0), rateOf(plan, 0, 5), rateOf(plan, 1, 5), rateOf(plan, 9, 0)]).toEqual([
    0.3, 0.3, 0.2, 0.1,
  ]);
  expect(parsePlan(JSON.stringify(plan))).toEqual(plan);
  expect(planId(plan)).not.toBe(planId(createPlan({ ...base, strategy })));
});

test('a schedule over epochs holds for every step of one', () => {
  const rates = {
    over: 'epoch',
    points: [
      [0, 0.4],
      [4, 0.2],
    ],
  } as const;
  const plan = createPlan({ ...base, strategy: modernbert(), rates });
  expect([0, 1, 2, 3, 4, 5].map((epoch) => rateOf(plan, epoch, 7))).toEqual([
    0.4, 0.35, 0.3, 0.25, 0.2, 0.2,
  ]);
});

test('every strategy takes a schedule, but none at rate 0 and none in static mode', () => {
  const rates = { over: 'epoch', points: [[0, 0.4]] } as const;
  for (const one of [strategy, spanbert(), albert(), sentenceOrder(albert())]) {
    expect(createPlan({ ...base, strategy: one, rates }).rates?.points).toEqual([[0, 400_000]]);
  }
  const make = (options: object) => () => createPlan({ ...base, strategy, rates, ...options });
  expect(make({ mode: 'static' })).toThrow(/^rates is an object, expected none in static mode/);
  expect(make({ strategy: tokenMasking({ rate: 0 }) })).toThrow(/^strategy.select is 0/);
  const points = (...points: unknown[]) => make({ rates: { over: 'step', points } });
  expect(points()).toThrow(/^rates.points is an array of 0/);
  expect(points([0, 1.5])).toThrow(/^rates.points: rate is 1500000/);
  expect(points([3, 0.1], [3, 0.2])).toThrow(/^rates.points: step is 3, expected ascending/);
  expect(points([-1, 0.1])).toThrow(/^rates.points: step is -1/);
  expect(make({ rates: { over: 'day', points: [[0, 0.1]] } })).toThrow(/^rates.over is "day"/);
});
