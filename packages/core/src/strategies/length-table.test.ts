import { describe, expect, test } from 'vitest';
import {
  checkTable,
  clippedGeometric,
  drawLength,
  inverseLengths,
  type LengthTable,
  truncatedGeometric,
} from './length-table.ts';

/** The distribution that a table of cumulative thresholds stands for. */
function probabilities(table: LengthTable): number[] {
  const bounds = [0, ...table, 2 ** 32];
  return bounds.slice(1).map((bound, index) => (bound - bounds[index]!) / 2 ** 32);
}

const mean = (table: LengthTable) =>
  probabilities(table).reduce((sum, share, index) => sum + share * (index + 1), 0);

describe('length tables', () => {
  test('truncatedGeometric(0.2, 10) is what the code of SpanBERT draws, mean 3.797', () => {
    const expected = [
      0.224058, 0.179246, 0.143397, 0.114718, 0.091774, 0.073419, 0.058735, 0.046988, 0.037591,
      0.030073,
    ];
    probabilities(truncatedGeometric(0.2, 10)).forEach((share, index) => {
      expect(share).toBeCloseTo(expected[index]!, 6);
    });
    expect(mean(truncatedGeometric(0.2, 10))).toBeCloseTo(3.797097503983286, 8);
  });

  test('clippedGeometric(0.2, 10) is what Megatron draws, mean 4.463', () => {
    const expected = [
      0.2, 0.16, 0.128, 0.1024, 0.08192, 0.065536, 0.052429, 0.041943, 0.033554, 0.134218,
    ];
    probabilities(clippedGeometric(0.2, 10)).forEach((share, index) => {
      expect(share).toBeCloseTo(expected[index]!, 6);
    });
    expect(mean(clippedGeometric(0.2, 10))).toBeCloseTo(4.463129088, 8);
  });

  test('inverseLengths(3) is what the comment in masked_dataset.py of Megatron-LM says', () => {
    const expected = [0.54545455, 0.27272727, 0.18181818];
    probabilities(inverseLengths(3)).forEach((share, index) => {
      expect(share).toBeCloseTo(expected[index]!, 8);
    });
  });

  test('drawLength() counts the thresholds that the draw reaches', () => {
    expect(drawLength([], 2 ** 32 - 1)).toBe(1);
    expect([2 ** 32 - 1, -1].map((draw) => drawLength([2 ** 31, 2 ** 32 - 1], draw))).toEqual([
      3, 3,
    ]);
    expect([0, 9, 10, 19, 20].map((draw) => drawLength([10, 20], draw))).toEqual([1, 1, 2, 2, 3]);
  });

  test('refuse what is no distribution', () => {
    expect(() => truncatedGeometric(0, 10)).toThrow(/^p is 0/);
    expect(() => inverseLengths(0)).toThrow(/^max is 0/);
    expect(() => checkTable('lengths', [5, 4])).toThrow(/^lengths is 4, expected ascending/);
    expect(() => checkTable('lengths', [2 ** 32 + 1])).toThrow(/up to 2\^32/);
    expect(() => checkTable('lengths', [0.5])).toThrow(/^lengths is 0.5/);
  });
});
