/** @file The order of an epoch's samples: which row stands at a position. */
import { ArgumentError } from '@maskloom/core';
import {
  epochPermutation,
  type OrderDraws,
  orderPermutation,
  type Permutation,
  permuted,
} from './permutation.ts';
import { lastAtMost, startsOf } from './starts.ts';

/** An epoch's order: the row at a position, both from 0 to N-1. */
export type Order = Permutation;

/** The order that a plan asks for; see docs/spec.md, Order. */
export type OrderPlan =
  /** A permutation of all rows, new each epoch. */
  | 'global'
  /** As they are stored. */
  | 'sequential'
  /**
   * Shards in a permutation, new each epoch, and their rows mixed within windows of so many: for stores that
   * are far away, since few shards are read from at a time.
   */
  | { readonly type: 'windowed'; readonly rows: number };

/** Checks an order from a plan. */
export function checkOrder(order: unknown): OrderPlan {
  if (order === 'global' || order === 'sequential') return order;
  const { type, rows } = (order ?? {}) as { type?: unknown; rows?: unknown };
  if (type !== 'windowed') {
    throw new ArgumentError('order', '"global", "sequential" or "windowed" with rows', order);
  }
  if (!Number.isInteger(rows) || (rows as number) < 1 || (rows as number) > 2 ** 31 - 1) {
    throw new ArgumentError('order.rows', 'a number of rows from 1 to 2^31-1', rows);
  }
  return { type, rows: rows as number };
}

/**
 * The `global` order of N rows in an epoch, in constant memory.
 *
 * @param rows N, from 0 to 2^53-1
 * @param dataset its number in the plan
 */
export function globalOrder(rows: number, seed: bigint, epoch: number, dataset = 0): Order {
  return orderPermutation(rows, { seed, epoch, dataset }, permuted.rows);
}

/**
 * The `windowed` order of an epoch: the shards stand in a permutation, one behind the other, and each window of
 * `window` positions is permuted. Memory for a number per shard.
 *
 * @param shards rows of each
 * @param dataset its number in the plan
 *
 * @example
 * ```ts
 * import { windowedOrder } from '@maskloom/loader';
 * const order = windowedOrder([1000, 1000, 500], 256, 42n, 3);
 * console.log(order(0), order(2499)); // rows, of two shards
 * ```
 */
export function windowedOrder(
  shards: readonly number[],
  window: number,
  seed: bigint,
  epoch: number,
  dataset = 0,
): Order {
  const draws: OrderDraws = { seed, epoch, dataset };
  const shardAt = orderPermutation(shards.length, draws, permuted.groups);
  const placed = shards.map((_, place) => shardAt(place));
  const firstRows = startsOf(shards);
  const firstPositions = startsOf(placed.map((shard) => shards[shard]!));
  const rows = firstRows.at(-1)!;
  let current = -1;
  let within: Permutation = (position) => position;

  return (position) => {
    const number = Math.floor(position / window);
    const first = number * window;
    if (number !== current) {
      const size = Math.min(window, rows - first);
      within = orderPermutation(size, draws, permuted.window, number);
      current = number;
    }
    const mixed = first + within(position - first);
    const place = lastAtMost(firstPositions, mixed);
    return firstRows[placed[place]!]! + mixed - firstPositions[place]!;
  };
}

/** The rows at as many positions as `out` holds, from `start` on, in an epoch's order. */
export type OrderRange = (start: number, out: Float64Array) => void;

/** The order that a plan asks for, of a dataset in an epoch, by ranges of positions. */
export function orderRanges(
  plan: OrderPlan,
  dataset: { readonly rows: number; readonly shards: readonly number[] },
  draws: OrderDraws,
): OrderRange {
  if (plan === 'global') {
    const permutation = epochPermutation(dataset.rows, draws, permuted.rows);
    return (start, out) => permutation?.range(start, out);
  }
  const order = orderOf(plan, dataset, draws);
  return (start, out) => {
    for (let index = 0; index < out.length; index++) out[index] = order(start + index);
  };
}

/** The order that a plan asks for, of a dataset in an epoch. */
export function orderOf(
  plan: OrderPlan,
  { rows, shards }: { readonly rows: number; readonly shards: readonly number[] },
  { seed, epoch, dataset }: OrderDraws,
): Order {
  if (plan === 'sequential') return (position) => position;
  if (plan === 'global') return globalOrder(rows, seed, epoch, dataset);
  return windowedOrder(shards, plan.rows, seed, epoch, dataset);
}
