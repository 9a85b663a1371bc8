/** @file A row of a batch, as 32 bytes that the caller writes; src/kernel/room-layout.ts has these numbers, too. */

export const rowBytes: usize = 32;
/** Its tokens at most. */
export const longestRow: usize = 32768;
/** Bytes of working memory that a kernel may take. */
export const mostWork: usize = 44 * (longestRow + 64) + 32768;

/** Where its ids stand. */
@inline
export function idsOf(row: usize): usize {
  return <usize>load<u32>(row);
}

/** How many ids it has. */
@inline
export function lengthOf(row: usize): i32 {
  return load<i32>(row, 4);
}

/** Its place in the columns, in tokens: from here … */
@inline
export function startOf(row: usize): i32 {
  return load<i32>(row, 8);
}

/** … up to here. */
@inline
export function endOf(row: usize): i32 {
  return load<i32>(row, 12);
}

@inline
export function sampleLowOf(row: usize): u32 {
  return load<u32>(row, 16);
}

@inline
export function sampleHighOf(row: usize): u32 {
  return load<u32>(row, 20);
}

@inline
export function epochOf(row: usize): u32 {
  return load<u32>(row, 24);
}

/** How many of its tokens to select, for strategies that have a budget. */
@inline
export function budgetOf(row: usize): i32 {
  return load<i32>(row, 28);
}

/** Fills 32-bit values from `at` up to `end`. */
export function fill(at: usize, end: usize, value: i32): void {
  const four = i32x4.splat(value);
  for (; at + 16 <= end; at += 16) v128.store(at, four);
  for (; at < end; at += 4) store<i32>(at, value);
}
