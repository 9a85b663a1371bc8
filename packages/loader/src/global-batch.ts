import { ArgumentError, toUint32 } from '@maskloom/core';
import { unitsPerStep } from './batching/index-plan.ts';
import { mixture } from './batching/mixing.ts';
import type { RowIndex } from './batching/row-index.ts';
import { type RowColumns, sampleUnits, type Units, windowUnits } from './batching/units.ts';
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

/** The rows of a global batch, column by column. */
export interface GlobalRows extends Readonly<RowColumns> {
  /** Of each sample: the number of its dataset in the plan, and the epoch of that dataset. */
  readonly datasets: readonly number[];
  readonly epochs: readonly number[];
}

/** What makes up a global batch, and which of it is a rank's. */
export interface GlobalBatch extends GlobalRows {
  /** The rank's slice: rows `first` to `end - 1`. */
  readonly first: number;
  readonly end: number;
}

/** The samples of a dataset among samples `first` to `end - 1` of a batch. */
export function samplesIn(
  { samples, datasets }: GlobalBatch,
  dataset: number,
  first: number,
  end: number,
): number[] {
  const found: number[] = [];
  for (let index = first; index < end; index++) {
    if (datasets[index] === dataset) found.push(samples[index]!);
  }
  return found;
}

/** What finding a dataset's rows takes beside the plan. */
export interface BatchedDataset {
  /** Rows of each shard. */
  readonly shards: readonly number[];
  /** For a plan with `rows`. */
  readonly index: RowIndex | undefined;
}

/** Finds the rows of global batches; keeps the last epoch's order. */
export function globalBatches(
  plan: Plan,
  datasets: readonly BatchedDataset[],
): (address: Required<BatchAddress>) => GlobalBatch {
  const seed = BigInt(plan.seed);
  const { order, batch, last } = plan;
  const units = plan.datasets.map(({ rows: samples, base }, dataset): Units => {
    const { shards, index } = datasets[dataset]!;
    const ordered = { samples, shards, dataset, base: BigInt(base) };
    const { rows } = plan;
    return rows === undefined
      ? sampleUnits(order, ordered, seed)
      : windowUnits(order, ordered, { rows, batch, last, seed }, index!);
  });
  const at = units.length === 1 ? alone(plan, units[0]!) : mixed(plan, units, seed);

  return ({ epoch, step, rank, world }) => {
    const { starts, samples, datasets, epochs } = at(epoch, step);
    const count = starts.length - 1;
    return {
      starts,
      samples,
      datasets,
      epochs,
      first: Math.floor((rank * count) / world),
      end: Math.floor(((rank + 1) * count) / world),
    };
  };
}

/** The rows of a step of one dataset. */
function alone(plan: Plan, units: Units): (epoch: number, step: number) => GlobalRows {
  const per = unitsPerStep(plan);
  return (epoch, step) => {
    const first = step * per;
    const count = plan.last === 'short' ? Math.min(per, units.count - first) : per;
    const starts = [0];
    const samples: number[] = [];
    const rows: RowColumns = { starts, samples };
    // Only `fill` reaches beyond the last row: it takes the epoch's first rows again.
    for (let unit = 0; unit < count; ) {
      const start = (first + unit) % units.count;
      const here = Math.min(count - unit, units.count - start);
      units.addRange(rows, epoch, start, here);
      unit += here;
    }
    return { starts, samples, datasets: samples.map(() => 0), epochs: samples.map(() => epoch) };
  };
}

/** The rows of a step of several datasets, each of which goes through epochs of its own. */
function mixed(
  plan: Plan,
  units: readonly Units[],
  seed: bigint,
): (epoch: number, step: number) => GlobalRows {
  const per = unitsPerStep(plan);
  const steps = stepsPerEpoch(plan);
  const drawOf = mixture(
    plan.datasets.map(({ weight }) => weight!),
    seed,
  );
  return (epoch, step) => {
    const first = (epoch * steps + step) * per;
    if (!Number.isSafeInteger(first + per)) {
      throw new ArgumentError('epoch', 'one before the 2^53rd row of the run', epoch);
    }
    const starts = [0];
    const samples: number[] = [];
    const rows: RowColumns = { starts, samples };
    const datasets: number[] = [];
    const epochs: number[] = [];
    for (let unit = 0; unit < per; unit++) {
      const { dataset, draw } = drawOf(first + unit);
      const { count } = units[dataset]!;
      const own = Math.floor(draw / count);
      units[dataset]!.addRange(rows, own, draw - own * count, 1);
      while (datasets.length < samples.length) {
        datasets.push(dataset);
        epochs.push(own);
      }
    }
    return { starts, samples, datasets, epochs };
  };
}
