import type { Point } from './line-chart.ts';

/** Means of the points around each: a fiftieth of all of them to both sides, as far as there are as many. */
export function smooth(points: readonly Point[]): Point[] {
  const reach = Math.floor(points.length / 50);
  const sums = [0];
  for (const [, y] of points) sums.push(sums.at(-1)! + y);
  return points.map(([x], index) => {
    const side = Math.min(reach, index, points.length - 1 - index);
    const from = index - side;
    const to = index + side + 1;
    return [x, (sums[to]! - sums[from]!) / (to - from)];
  });
}
