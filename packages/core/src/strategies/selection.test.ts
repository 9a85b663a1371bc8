import { describe, expect, test } from 'vitest';
import { createDraws } from '../random/draws.ts';
import { binomialTest, falseAlarm } from '../testing/statistics.ts';
import { type BudgetSelection, budgetOf } from './selection.ts';

const budget: BudgetSelection = {
  type: 'budget',
  rate: 150_000,
  rounding: 'half-even',
  least: 1,
  anchor: 'unit',
  overlap: 'drop',
};
const draws = createDraws(1).at(0, 0);

describe('budgetOf()', () => {
  // google-research/bert create_pretraining_data.py, p 0.15: min(cap, max(1, int(round(len * p)))) as
  // Python computes it; Math.round would give 5 for 30 and 11 for 70.
  test.each([
    [3, 1],
    [4, 1],
    [7, 1],
    [8, 1],
    [10, 2],
    [16, 2],
    [23, 3],
    [30, 4],
    [50, 8],
    [64, 10],
    [70, 10],
    [90, 14],
    [128, 19],
    [512, 77],
  ])('rounds as BERT does: %i tokens, %i predictions', (length, expected) => {
    expect(budgetOf(budget, length, draws)).toBe(expected);
    expect(budgetOf({ ...budget, most: 20 }, length, draws)).toBe(Math.min(20, expected));
  });

  test('rounds up as SpanBERT does', () => {
    expect([1, 20, 21, 100].map((n) => budgetOf({ ...budget, rounding: 'up' }, n, draws))).toEqual([
      1, 3, 4, 15,
    ]);
  });

  test('rounds by chance as fairseq does: floor or ceiling, with an exact mean', () => {
    // 21 tokens at 0.15: 3.15. Over 20,000 samples the number rounded up is binomial with p 0.15.
    let up = 0;
    for (let sample = 0; sample < 20_000; sample++) {
      const count = budgetOf(
        { ...budget, rounding: 'chance', least: 0 },
        21,
        createDraws(7).at(0, sample),
      );
      expect(count === 3 || count === 4).toBe(true);
      if (count === 4) up++;
    }
    expect(binomialTest(up, 20_000, 0.15)).toBeGreaterThan(falseAlarm);
    for (const length of [0, 20, 100]) {
      expect(budgetOf({ ...budget, rounding: 'chance', least: 0 }, length, draws)).toBe(
        length * 0.15,
      );
    }
  });

  test('is 0 at rate 0 and for an empty sample, whatever the least', () => {
    expect(budgetOf({ ...budget, rate: 0 }, 100, draws)).toBe(0);
    expect(budgetOf(budget, 0, draws)).toBe(0);
  });
});
