import { ArgumentError } from '@maskloom/core';

/** The rate of a strategy over a run, as a plan stores it: lines between points, level outside them. */
export interface RateSchedule {
  /** What the points count: epochs, or global steps (epoch · steps per epoch + step). */
  readonly over: 'epoch' | 'step';
  /** Ascending epochs or steps, 0 to 2^32-1, each with a rate in parts per million. */
  readonly points: readonly (readonly [at: number, rate: number])[];
}

/** Checks a schedule from a plan. */
export function checkRateSchedule(schedule: RateSchedule): RateSchedule {
  const { over, points } = schedule ?? {};
  if (over !== 'epoch' && over !== 'step') {
    throw new ArgumentError('rates.over', '"epoch" or "step"', over);
  }
  if (!Array.isArray(points) || points.length === 0) {
    throw new ArgumentError('rates.points', 'at least one [at, rate]', points);
  }
  let previous = -1;
  for (const point of points as readonly unknown[]) {
    const [at, rate, ...more] = Array.isArray(point) ? (point as unknown[]) : [];
    if (more.length > 0) throw new ArgumentError('rates.points', 'pairs of [at, rate]', point);
    if (!Number.isInteger(at) || (at as number) <= previous || (at as number) >= 2 ** 32) {
      throw new ArgumentError(`rates.points: ${over}`, 'ascending integers from 0 to 2^32-1', at);
    }
    if (!Number.isInteger(rate) || (rate as number) < 0 || (rate as number) > 1_000_000) {
      throw new ArgumentError('rates.points: rate', 'parts per million, 0 to 1000000', rate);
    }
    previous = at as number;
  }
  return { over, points: points.map(([at, rate]) => [at, rate] as const) };
}

/** The rate at an epoch or step, in parts per million; fractions are cut towards the lower rate. */
export function rateAt({ points }: RateSchedule, at: number): number {
  const next = points.findIndex(([start]) => start > at);
  if (next === -1) return points.at(-1)![1];
  const [end, last] = points[next]!;
  if (next === 0) return last;
  const [start, first] = points[next - 1]!;
  // Exact: the product is below 2^52, too small for a quotient to be rounded up to an integer.
  return first + Math.floor(((last - first) * (at - start)) / (end - start));
}
