import { ArgumentError } from '../errors.ts';

export const million = 1_000_000;

/** Checks a share, a number from 0 to 1. */
export function checkShare(argument: string, share: number): number {
  if (typeof share === 'number' && share >= 0 && share <= 1) return share;
  throw new ArgumentError(argument, 'a number from 0 to 1', share);
}

/** The share of tokens to select as plans and schedules have it: to the nearest millionth. */
export function partsPerMillion(rate: number): number {
  return Math.round(checkShare('rate', rate) * million);
}

/** Checks a rate in parts per million. */
export function checkPartsPerMillion(rate: number): number {
  if (Number.isInteger(rate) && rate >= 0 && rate <= million) return rate;
  throw new ArgumentError('rate', 'parts per million, an integer from 0 to 1000000', rate);
}

/** The 16-bit threshold of a rate in parts per million. */
export function thresholdOf(rate: number): number {
  return Math.floor((checkPartsPerMillion(rate) * 65536) / million);
}
