/** @file Numbers as the page shows them. */

export function integer(value: number): string {
  return Math.round(value).toLocaleString('en');
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
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}
