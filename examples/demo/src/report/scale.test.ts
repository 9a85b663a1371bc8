import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linearScale, linePath, thin, ticks } from './scale.ts';

describe('ticks()', () => {
  test('takes round numbers', () => {
    expect(ticks(5.5, 9.5, 6)).toEqual([6, 7, 8, 9]);
    expect(ticks(0, 200, 8)).toEqual([0, 50, 100, 150, 200]);
    expect(ticks(0, 3000, 8)).toEqual([0, 500, 1000, 1500, 2000, 2500, 3000]);
    expect(ticks(0, 0.3, 3)).toEqual([0, 0.1, 0.2, 0.3]);
  });

  test('stays in the range, ascending, evenly apart and near the number asked for', () => {
    const range = fc
      .tuple(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
      )
      .map(([low, size]) => [low, low + size] as const);
    fc.assert(
      fc.property(range, fc.integer({ min: 2, max: 12 }), ([low, high], count) => {
        const found = ticks(low, high, count);
        const slack = (high - low) * 1e-6 + Math.abs(low) * 1e-9;
        expect(found.length).toBeGreaterThanOrEqual(Math.floor(count / 2.5));
        expect(found.length).toBeLessThanOrEqual(count + 1);
        const step = found.length > 1 ? found[1]! - found[0]! : 0;
        found.forEach((tick, index) => {
          expect(tick).toBeGreaterThanOrEqual(low - slack);
          expect(tick).toBeLessThanOrEqual(high + slack);
          if (index > 0) expect(tick - found[index - 1]!).toBeCloseTo(step, 5);
        });
      }),
    );
  });

  test('gives the one number of an empty range', () => {
    expect(ticks(3, 3, 5)).toEqual([3]);
  });
});

test('linearScale() maps the ends of the domain to the ends of the range', () => {
  const scale = linearScale([5, 9], [400, 20]);
  expect([scale.at(5), scale.at(7), scale.at(9)]).toEqual([400, 210, 20]);
});

test('linePath() moves to the first point and draws lines to the others', () => {
  expect(
    linePath([
      [0, 1],
      [2.25, 3.04],
    ]),
  ).toBe('M0.0 1.0L2.3 3.0');
  expect(linePath([])).toBe('');
});

test('thin() keeps the first and the last point and no more than twice the limit', () => {
  const points = Array.from({ length: 3001 }, (_, x) => [x, 0] as const);
  const few = thin(points, 1000);
  expect(few[0]).toEqual([0, 0]);
  expect(few.at(-1)).toEqual([3000, 0]);
  expect(few.length).toBeLessThanOrEqual(1001);
  expect(thin(points.slice(0, 10), 1000)).toEqual(points.slice(0, 10));
});
