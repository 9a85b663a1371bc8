import { ArgumentError } from '../errors.ts';

/** An unsigned 64-bit integer: a bigint, or a number that is a safe integer. */
export type Uint64 = number | bigint;

const limit = 1n << 64n;

/**
 * Checks an unsigned 64-bit integer and returns it as a bigint.
 *
 * @throws {ArgumentError} if it is negative, fractional, above 2^64-1, or a number above 2^53-1
 * (which may already have lost its low bits).
 *
 * @example
 * ```ts
 * import { toUint64 } from '@maskloom/core';
 * console.log(toUint64('seed', 42)); // 42n
 * ```
 */
export function toUint64(argument: string, value: Uint64): bigint {
  checkUint64(argument, value);
  return BigInt(value);
}

/** Checks an unsigned 64-bit integer. */
export function checkUint64(argument: string, value: Uint64): void {
  const known = typeof value === 'bigint' ? value < limit : Number.isSafeInteger(value);
  if (known && value >= 0) return;
  throw new ArgumentError(
    argument,
    'an integer from 0 to 2^64-1',
    value,
    'above 2^53-1 give a bigint, such as 42n',
  );
}

/**
 * Reads an unsigned 64-bit integer from its decimal string, the form it has in JSON.
 *
 * @throws {ArgumentError} if the string is anything but the digits of 0 to 2^64-1 without leading zeros.
 */
export function parseUint64(argument: string, text: string): bigint {
  if (typeof text === 'string' && /^(0|[1-9][0-9]{0,19})$/.test(text)) {
    const value = BigInt(text);
    if (value < limit) return value;
  }
  throw new ArgumentError(argument, 'the decimal digits of an integer from 0 to 2^64-1', text);
}

/** Checks an unsigned 32-bit integer, such as an epoch, of at least `least`. */
export function toUint32(argument: string, value: number, least = 0): number {
  if (Number.isInteger(value) && value >= least && value <= 0xffffffff) return value;
  throw new ArgumentError(argument, `an integer from ${least} to 2^32-1`, value);
}
