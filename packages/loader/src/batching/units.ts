/**
 * @file What an epoch of a dataset is cut into: rows of samples, or whole batches of them; found by position, at
 * any time.
 */
import { type Cutting, type CutWindow, cutWindow } from './cut-window.ts';
import { type OrderPlan, type OrderRange, orderRanges } from './order.ts';
import { type OrderDraws, orderPermutation, permuted } from './permutation.ts';
import type { RowIndex } from './row-index.ts';
import { lastAtMost, startsOf } from './starts.ts';
import { type Placement, placementOf } from './windows.ts';

/** The rows or batches of a dataset's epochs. */
export interface Units {
  /** How many an epoch has. */
  readonly count: number;
  /** Adds the rows that stand at `count` positions of an epoch from `start` on. */
  addRange(rows: RowColumns, epoch: number, start: number, count: number): void;
}

/** Rows of a batch, column by column: objects for each would take longer than masking them. */
export interface RowColumns {
  /** Where each row's samples start, and last how many there are: packed rows have several. */
  readonly starts: number[];
  /** Each sample as its row of the dataset. */
  readonly samples: number[];
}

/** A dataset, as far as its order goes. */
export interface OrderedDataset {
  readonly samples: number;
  /** Rows of each shard. */
  readonly shards: readonly number[];
  /** Its number in the plan, and its base there. */
  readonly dataset: number;
  readonly base: bigint;
}

/** Each sample a row of its own, in the plan's order. */
export function sampleUnits(
  plan: OrderPlan,
  { samples, shards, dataset }: OrderedDataset,
  seed: bigint,
): Units {
  let rowsAt: OrderRange = () => {};
  let current = -1;
  let rows = new Float64Array(0);
  return {
    count: samples,
    addRange(out, epoch, start, count) {
      if (epoch !== current) {
        rowsAt = orderRanges(plan, { rows: samples, shards }, { seed, epoch, dataset });
        current = epoch;
      }
      if (rows.length !== count) rows = new Float64Array(count);
      rowsAt(start, rows);
      for (let index = 0; index < count; index++) {
        out.samples.push(rows[index]!);
        out.starts.push(out.samples.length);
      }
    },
  };
}

/** Windows that are kept, since neighbouring batches are of the same. */
const keptWindows = 4;

/** Rows or batches of windows: both permuted by the epoch, unless the order is sequential. */
export function windowUnits(
  plan: OrderPlan,
  { samples, dataset, base }: OrderedDataset,
  cutting: Omit<Cutting, 'drawn'>,
  index: RowIndex,
): Units {
  return new WindowUnits(plan, { samples, dataset, base }, cutting, index);
}

class WindowUnits implements Units {
  readonly count: number;
  readonly #cutting: Cutting;
  readonly #index: RowIndex;
  readonly #dataset: Omit<OrderedDataset, 'shards'>;
  readonly #rowAt: Placement;
  /** The windows in the epoch's order, and at which position each one's units start. */
  #windows: Uint32Array = new Uint32Array(0);
  #starts: Float64Array = new Float64Array(1);
  #epoch = -1;
  #kept = new Map<string, Rows>();

  constructor(
    plan: OrderPlan,
    dataset: Omit<OrderedDataset, 'shards'>,
    cutting: Omit<Cutting, 'drawn'>,
    index: RowIndex,
  ) {
    this.#cutting = { ...cutting, drawn: plan !== 'sequential' };
    this.#dataset = dataset;
    this.#index = index;
    this.#rowAt = placementOf(plan, dataset.samples, cutting.seed, dataset.dataset);
    this.count = startsOf(index.units).at(-1)!;
  }

  addRange(rows: RowColumns, epoch: number, start: number, count: number): void {
    if (epoch !== this.#epoch) this.#enter(epoch);
    for (let position = start; position < start + count; position++) {
      this.#add(rows, epoch, position);
    }
  }

  #add(out: RowColumns, epoch: number, position: number): void {
    const place = lastAtMost(this.#starts, position);
    const window = this.#windows[place]!;
    const within = position - this.#starts[place]!;
    const { cut, rows, unitAt } = this.#window(epoch, window);
    const unit = unitAt(within);
    const packed = this.#cutting.rows.type === 'packed';
    for (let at = cut.starts[unit]!; at < cut.starts[unit + 1]!; at++) {
      out.samples.push(rows[cut.numbers[at]!]!);
      if (!packed) out.starts.push(out.samples.length);
    }
    if (packed) out.starts.push(out.samples.length);
  }

  #draws(epoch: number): OrderDraws {
    return { seed: this.#cutting.seed, epoch, dataset: this.#dataset.dataset };
  }

  #enter(epoch: number): void {
    const { units } = this.#index;
    this.#windows = Uint32Array.from(units, (_, place) => place);
    if (this.#cutting.drawn) {
      const windowAt = orderPermutation(units.length, this.#draws(epoch), permuted.groups);
      this.#windows = this.#windows.map(windowAt);
    }
    this.#starts = startsOf(this.#windows.map((window) => units[window]!));
    this.#epoch = epoch;
  }

  #window(epoch: number, window: number): Rows {
    const name = `${epoch} ${window}`;
    let found = this.#kept.get(name);
    if (found === undefined) {
      found = this.#cut(epoch, window);
      if (this.#kept.size === keptWindows) this.#kept.delete(this.#kept.keys().next().value!);
      this.#kept.set(name, found);
    }
    return found;
  }

  #cut(epoch: number, window: number): Rows {
    const { lengths, units } = this.#index;
    const { samples, base } = this.#dataset;
    const size = this.#cutting.rows.window;
    const first = window * size;
    const end = window === units.length - 1 ? samples : first + size;
    const rows = new Float64Array(end - first);
    for (let place = first; place < end; place++) rows[place - first] = this.#rowAt(place);
    const own = new Uint32Array(rows.length);
    for (let number = 0; number < own.length; number++) own[number] = lengths[rows[number]!]!;
    const cut = cutWindow(this.#cutting, own, epoch, base + BigInt(window));
    const unitAt = this.#cutting.drawn
      ? orderPermutation(units[window]!, this.#draws(epoch), permuted.window, window)
      : (position: number) => position;
    return { cut, rows, unitAt };
  }
}

/** A window in an epoch. */
interface Rows {
  readonly cut: CutWindow;
  /** The rows of the dataset, by their numbers in the window. */
  readonly rows: Float64Array;
  readonly unitAt: (position: number) => number;
}
