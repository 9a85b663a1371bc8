/** @file Numbers as the page shows them. To make a format takes far longer than to use it. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const threeDigits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const sixDigits = new Intl.NumberFormat('en', { maximumSignificantDigits: 6 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export function integer(value: number): string {
  return whole.format(value);
}

/** A large number in a few letters, such as `4.4M`. */
export function short(value: number): string {
  return compact.format(value);
}

/** A loss, in nats. */
export function nats(value: number): string {
  return value.toFixed(3);
}

/** A share from 0 to 1 as a percentage. */
export function percent(share: number): string {
  const value = 100 * share;
  return `${value.toFixed(value < 10 ? 1 : 0)}\u00a0%`;
}

/** A number of any size, to three digits. */
export function significant(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(2);
  return threeDigits.format(value);
}

/** A round number beside an axis. */
export function tick(value: number): string {
  return sixDigits.format(value);
}
