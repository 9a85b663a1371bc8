/** @file How a plan makes rows and batches of samples, where it is not one sample a row in the plan's order. */
import { ArgumentError } from '@maskloom/core';

/** See docs/spec.md, Windows. */
export type RowsPlan =
  /** Several samples to a row of at most `length` tokens. */
  | {
      readonly type: 'packed';
      readonly length: number;
      /** Samples of a window, in which samples are put together. */
      readonly window: number;
      /** Rows of an epoch, for each dataset. */
      readonly units: readonly number[];
    }
  /** Batches of samples of like length. */
  | { readonly type: 'buckets'; readonly window: number }
  /** Batches of samples of like length, of at most `max` tokens with padding and at most the plan's batch of rows. */
  | {
      readonly type: 'tokens';
      readonly max: number;
      readonly window: number;
      /** Batches of an epoch, for each dataset. */
      readonly units: readonly number[];
    };

/** The same as an option, before anything was counted. */
export type RowsOptions =
  | { readonly type: 'packed'; readonly length: number; readonly window?: number }
  | { readonly type: 'buckets'; readonly window?: number }
  | { readonly type: 'tokens'; readonly max: number; readonly window?: number };

const mostWindow = 2 ** 20;

/** Samples of a window if none is asked for, in whole batches. */
export function defaultWindow(batch: number): number {
  return Math.min(mostWindow, Math.max(batch, Math.floor(16384 / batch) * batch));
}

/** Checks the rows of a plan. */
export function checkRows(rows: RowsPlan, batch: number, datasets: number): RowsPlan {
  const { type, window } = (rows ?? {}) as Partial<RowsPlan>;
  if (type !== 'packed' && type !== 'buckets' && type !== 'tokens') {
    throw new ArgumentError('rows.type', '"packed", "buckets" or "tokens"', type);
  }
  checkInteger('rows.window', window, 1, mostWindow);
  if (rows.type === 'buckets') {
    if (rows.window % batch !== 0) {
      throw new ArgumentError('rows.window', `a multiple of the batch of ${batch} rows`, window);
    }
    return { type: 'buckets', window: rows.window };
  }
  if (!Array.isArray(rows.units) || rows.units.length !== datasets) {
    throw new ArgumentError('rows.units', `a number for each of ${datasets} datasets`, rows.units);
  }
  for (const [index, count] of rows.units.entries()) {
    checkInteger(`rows.units[${index}]`, count, 0, Number.MAX_SAFE_INTEGER);
  }
  const { units } = rows;
  if (rows.type === 'packed') {
    checkInteger('rows.length', rows.length, 1, 2 ** 20);
    return { type: 'packed', length: rows.length, window: rows.window, units };
  }
  checkInteger('rows.max', rows.max, 1, 2 ** 31 - 1);
  return { type: 'tokens', max: rows.max, window: rows.window, units };
}

function checkInteger(name: string, value: unknown, least: number, most: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most)
    return;
  throw new ArgumentError(name, `an integer from ${least} to ${most}`, value);
}
