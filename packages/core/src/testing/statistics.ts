/**
 * @file Exact tests for the tests: each gives the probability of a result at least as far off as the one
 * seen, were the hypothesis true. A test of ours fails below `falseAlarm`; its seed is fixed, so that it
 * fails always or never.
 */

/** The rate of false alarms that every statistical test here is made for. */
export const falseAlarm = 1e-6;

/** The probability that a binomial count is as far from its mean as `successes`, two-sided, exactly. */
export function binomialTest(successes: number, trials: number, probability: number): number {
  const logOf = (count: number): number =>
    logChoose(trials, count) +
    count * Math.log(probability) +
    (trials - count) * Math.log1p(-probability);
  const mean = trials * probability;
  const upwards = successes >= mean;
  let tail = 0;
  // Terms fall geometrically away from the mean: those below 1e-30 of the first add nothing.
  const first = logOf(successes);
  for (let count = successes; count >= 0 && count <= trials; count += upwards ? 1 : -1) {
    const term = logOf(count);
    if (term < first - 70) break;
    tail += Math.exp(term);
  }
  return Math.min(1, 2 * tail);
}

/** The probability of a chi-square statistic of at least `statistic` with so many degrees of freedom. */
export function chiSquareTail(statistic: number, degrees: number): number {
  return upperGamma(degrees / 2, statistic / 2);
}

/** Pearson's test of counts against expected shares. */
export function goodnessOfFit(counts: ArrayLike<number>, shares: ArrayLike<number>): number {
  const total = Array.from(counts).reduce((sum, count) => sum + count, 0);
  let statistic = 0;
  for (let cell = 0; cell < counts.length; cell++) {
    const expected = total * shares[cell]!;
    statistic += (counts[cell]! - expected) ** 2 / expected;
  }
  return chiSquareTail(statistic, counts.length - 1);
}

/**
 * A test of the mean of 1, 2, 3, …, seen so many times each, against the mean of expected shares: the
 * square of its distance in standard errors is chi-square with one degree of freedom.
 */
export function meanTest(counts: ArrayLike<number>, shares: ArrayLike<number>): number {
  const moment = (weights: ArrayLike<number>, power: number) =>
    Array.from(weights).reduce((sum, weight, index) => sum + weight * (index + 1) ** power, 0);
  const total = Array.from(counts).reduce((sum, count) => sum + count, 0);
  const mean = moment(shares, 1);
  const variance = moment(shares, 2) - mean ** 2;
  return chiSquareTail(((moment(counts, 1) / total - mean) ** 2 * total) / variance, 1);
}

/** Pearson's test that two yes-or-no properties are independent, by the counts of the four cases. */
export function independence(both: number, first: number, second: number, neither: number): number {
  const total = both + first + second + neither;
  const rows = [both + first, second + neither] as const;
  const columns = [both + second, first + neither] as const;
  const statistic =
    (total * (both * neither - first * second) ** 2) /
    (rows[0] * rows[1] * columns[0] * columns[1]);
  return chiSquareTail(statistic, 1);
}

function logChoose(n: number, k: number): number {
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
}

/** Lanczos' approximation, good to about 1e-13. */
function logGamma(x: number): number {
  const coefficients = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
    -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
    1.5056327351493116e-7,
  ];
  const t = x + 6.5;
  const sum = coefficients.reduce(
    (total, c, index) => total + (index === 0 ? c : c / (x + index - 1)),
    0,
  );
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** The regularised upper incomplete gamma function Q(a, x). */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < 10_000 && term > sum * 1e-16; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return 1 - sum * scale;
  }
  // Lentz's continued fraction.
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < 10_000; n++) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    const delta = c * d;
    fraction *= delta;
    if (Math.abs(delta - 1) < 1e-15) break;
  }
  return fraction * scale;
}
