/** A mean with the bounds of its 95 % confidence interval. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Mean of values and its 95 % confidence interval by Student's t distribution. */
export function confidence(values: readonly number[]): Interval {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const margin =
    count < 2
      ? Number.POSITIVE_INFINITY
      : tQuantile(0.975, count - 1) * Math.sqrt(squares / (count - 1) / count);
  return { mean, low: mean - margin, high: mean + margin };
}

/** Whether 0 is outside of an interval of differences. */
export function isDifferent({ low, high }: Interval): boolean {
  return low > 0 || high < 0;
}

/** The value below which Student's t is with a probability from 0.5 to below 1, by bisection. */
export function tQuantile(probability: number, degrees: number): number {
  let [low, high] = [0, 1];
  while (tCumulative(high, degrees) < probability) high *= 2;
  for (let round = 0; round < 100; round++) {
    const middle = (low + high) / 2;
    if (tCumulative(middle, degrees) < probability) low = middle;
    else high = middle;
  }
  return high;
}

/** Student's t up to `t` ≥ 0: the finite sums for whole degrees of freedom (Abramowitz & Stegun, 26.7.3 and 26.7.4). */
function tCumulative(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const square = Math.cos(angle) ** 2;
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? Math.cos(angle) : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k < degrees; k += 2) {
    term *= ((k - 1) / k) * square;
    sum += term;
  }
  const within = isOdd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
  return 0.5 + within / 2;
}
