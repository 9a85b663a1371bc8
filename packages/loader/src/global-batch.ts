import { ArgumentError, toUint32 } from '@maskloom/core';
import { globalOrder, type Order } from './order.ts';
import { type Plan, stepsPerEpoch } from './plan.ts';

/** Which batch: with the plan, all that its content depends on. */
export interface BatchAddress {
  readonly epoch: number;
  readonly step: number;
  /** Which slice of the global batch. Default 0. */
  readonly rank?: number;
  /** In how many slices the global batch is cut. Default 1. */
  readonly world?: number;
}

/**
 * Checks an address against a plan and fills in its defaults.
 *
 * @throws {ArgumentError} if the step is not in an epoch, or the batch does not divide by the world.
 */
export function checkAddress(plan: Plan, address: BatchAddress): Required<BatchAddress> {
  const { epoch, step, rank = 0, world = 1 } = address;
  toUint32('epoch', epoch);
  const steps = stepsPerEpoch(plan);
  if (!Number.isInteger(step) || step < 0 || step >= steps) {
    throw new ArgumentError('step', `an integer from 0 to ${steps - 1} (an epoch's steps)`, step);
  }
  if (!Number.isInteger(world) || world < 1) {
    throw new ArgumentError('world', 'a number of ranks from 1', world);
  }
  if (plan.batch % world !== 0) {
    throw new ArgumentError(
      'world',
      `a divisor of the global batch of ${plan.batch} rows`,
      world,
      'choose another number of ranks, or make a plan with another batch',
    );
  }
  if (!Number.isInteger(rank) || rank < 0 || rank >= world) {
    throw new ArgumentError('rank', `an integer from 0 to ${world - 1}`, rank);
  }
  return { epoch, step, rank, world };
}

/** The rows of the dataset that make up a global batch, and which of them are a rank's. */
export interface GlobalBatch {
  /** Rows of the dataset, in the batch's order. */
  readonly rows: number[];
  /** The rank's slice: `rows[first]` to `rows[end - 1]`. */
  readonly first: number;
  readonly end: number;
}

/** Finds the rows of global batches; keeps the last epoch's order. */
export function globalBatches(plan: Plan): (address: Required<BatchAddress>) => GlobalBatch {
  const total = plan.datasets[0].rows;
  const seed = BigInt(plan.seed);
  let order: Order = (position) => position;
  let orderEpoch = -1;

  return ({ epoch, step, rank, world }) => {
    if (plan.order === 'global' && epoch !== orderEpoch) {
      order = globalOrder(total, seed, epoch);
      orderEpoch = epoch;
    }
    const start = step * plan.batch;
    const count = plan.last === 'short' ? Math.min(plan.batch, total - start) : plan.batch;
    // Only `fill` reaches beyond the last row: it takes the epoch's first rows again.
    const rows = Array.from({ length: count }, (_, index) => order((start + index) % total));
    return {
      rows,
      first: Math.floor((rank * count) / world),
      end: Math.floor(((rank + 1) * count) / world),
    };
  };
}
