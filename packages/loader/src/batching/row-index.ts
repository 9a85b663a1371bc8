/**
 * @file The index of packed, bucketed and token-sized batches: every sample's length, and how many rows or
 * batches each window gives. It follows from the lengths and the plan, and is the same in every epoch. Its bytes
 * are memory that threads share, and a file.
 */
import { type Cutting, countUnits } from './cut-window.ts';
import type { OrderPlan } from './order.ts';
import { placementOf, windowCount } from './windows.ts';

/** Memory that threads may share. */
export type IndexBytes = SharedArrayBuffer | ArrayBuffer;

/** What an index is made for: the parts of a plan that it depends on. */
export interface IndexPlan extends Pick<Cutting, 'rows' | 'batch' | 'last' | 'seed'> {
  readonly order: OrderPlan;
  /** The number of the dataset in the plan. */
  readonly dataset: number;
  readonly digest: string;
  /** Samples of the dataset. */
  readonly samples: number;
  /** Tokens of its longest. */
  readonly longest: number;
}

/** An index, over its bytes. */
export interface RowIndex {
  readonly bytes: IndexBytes;
  /** Tokens of each sample of the dataset. */
  readonly lengths: Uint16Array | Uint32Array;
  /** Rows or batches of each window. */
  readonly units: Uint32Array;
  /** Samples of the fullest row. */
  readonly mostSamples: number;
}

/** Bytes of an index. */
export function indexBytes({ rows, samples, longest }: IndexPlan): number {
  const header = 4 * (1 + windowCount(samples, rows.window));
  return header + samples * (longest < 65536 ? 2 : 4);
}

/** An index over bytes that `buildIndex` filled. */
export function openIndex(plan: IndexPlan, bytes: IndexBytes): RowIndex {
  const { samples, longest, rows } = plan;
  const windows = windowCount(samples, rows.window);
  const start = 4 * (1 + windows);
  return {
    bytes,
    lengths:
      longest < 65536
        ? new Uint16Array(bytes, start, samples)
        : new Uint32Array(bytes, start, samples),
    units: new Uint32Array(bytes, 4, windows),
    mostSamples: new Uint32Array(bytes, 0, 1)[0]!,
  };
}

/** Builds an index of samples whose lengths are known. */
export function buildIndex(plan: IndexPlan, length: (row: number) => number): RowIndex {
  const { samples, rows, order, seed, dataset } = plan;
  // Not every browser page may share memory.
  const Bytes = typeof SharedArrayBuffer === 'undefined' ? ArrayBuffer : SharedArrayBuffer;
  const bytes = new Bytes(indexBytes(plan));
  const { lengths, units } = openIndex(plan, bytes);
  for (let row = 0; row < samples; row++) lengths[row] = length(row);
  const rowAt = placementOf(order, samples, seed, dataset);
  let most = 0;
  for (let window = 0; window < units.length; window++) {
    const first = window * rows.window;
    const end = window === units.length - 1 ? samples : first + rows.window;
    const own = new Uint32Array(end - first);
    for (let place = first; place < end; place++) own[place - first] = lengths[rowAt(place)]!;
    const counted = countUnits(plan, own);
    units[window] = counted.units;
    most = Math.max(most, counted.mostSamples);
  }
  new Uint32Array(bytes, 0, 1)[0] = most;
  return openIndex(plan, bytes);
}

/** Rows or batches of an epoch. */
export function unitsIn(index: RowIndex): number {
  return index.units.reduce((sum, count) => sum + count, 0);
}
