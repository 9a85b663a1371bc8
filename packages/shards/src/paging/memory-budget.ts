import { ArgumentError } from '@maskloom/core';
import type { Manifest, ShardEntry } from '../manifest.ts';
import { RowIndex } from './row-index.ts';

/** How the memory for a dataset is used, in bytes. */
export interface DatasetMemory {
  /** The limit that was given; infinite without one. */
  readonly budget: number;
  /** Shards that stay in memory. */
  readonly resident: number;
  /** What is remembered of the rows of the others. */
  readonly index: number;
  /** Record batches of the others, for all threads together. */
  readonly cache: number;
  /** The largest record batch of the others: each thread holds at least one. */
  readonly largestRecordBatch: number;
}

/** Which shards are resident, which of the others have an index, and what that takes. */
export interface MemoryUse extends DatasetMemory {
  /** The first so many shards are resident. */
  readonly residentShards: number;
  /** The shards from there to this number have an index. */
  readonly indexedShards: number;
}

/**
 * Divides a memory budget. All shards are resident if they fit. Else a quarter is for caches of record batches, and up to
 * a quarter for the index of rows; as many shards as fit into the rest are resident, in the manifest's order.
 *
 * @throws {ArgumentError} if the caches could not hold one record batch.
 */
export function divideMemory(manifest: Manifest, budget: number): MemoryUse {
  const { shards } = manifest;
  if (!(budget >= 0)) throw new ArgumentError('memory', 'a number of bytes', budget);
  const all = total(shards.map(({ bytes }) => bytes));
  if (all <= budget) {
    const { length } = shards;
    const none = { index: 0, cache: 0, largestRecordBatch: 0 };
    return { budget, resident: all, ...none, residentShards: length, indexedShards: length };
  }
  const quarter = Math.floor(budget / 4);
  const indexOf = ({ recordBatches }: ShardEntry) => RowIndex.bytes(manifest, recordBatches.length);
  const reserved = quarter + Math.min(quarter, total(shards.map(indexOf)));
  const resident = fitting(
    shards.map(({ bytes }) => bytes),
    budget - reserved,
  );
  const others = shards.slice(resident.count);
  const index = fitting(others.map(indexOf), budget - quarter - resident.bytes);
  const cache = budget - resident.bytes - index.bytes;
  const largestRecordBatch = others
    .flatMap(({ recordBatches }) => recordBatches)
    .reduce((largest, { bytes }) => Math.max(largest, bytes), 0);
  const use = {
    budget,
    resident: resident.bytes,
    index: index.bytes,
    cache,
    largestRecordBatch,
    residentShards: resident.count,
    indexedShards: resident.count + index.count,
  };
  cacheOf(use, 1);
  return use;
}

/**
 * The bytes of each thread's cache.
 *
 * @throws {ArgumentError} if it could not hold one record batch.
 */
export function cacheOf(memory: DatasetMemory, threads: number): number {
  const { budget, cache, largestRecordBatch } = memory;
  const share = Math.floor(cache / threads);
  if (share >= largestRecordBatch) return share;
  throw new ArgumentError(
    'memory',
    `at least ${4 * threads * largestRecordBatch} bytes, four record batches for each of ${threads} threads`,
    budget,
    'give more memory, or fewer workers',
  );
}

/** How many of the first sizes fit into a room, and their sum. */
function fitting(sizes: readonly number[], room: number): { count: number; bytes: number } {
  let count = 0;
  let bytes = 0;
  while (count < sizes.length && bytes + sizes[count]! <= room) bytes += sizes[count++]!;
  return { count, bytes };
}

function total(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0);
}
