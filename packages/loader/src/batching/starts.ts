/** @file Things of different sizes, one behind the other. */

/** Where each of them starts, and last where the last one ends. */
export function startsOf(sizes: ArrayLike<number>): Float64Array {
  const starts = new Float64Array(sizes.length + 1);
  for (let index = 0; index < sizes.length; index++) {
    starts[index + 1] = starts[index]! + sizes[index]!;
  }
  return starts;
}

/** Index of the last of ascending `values` that is at most `value`. */
export function lastAtMost(values: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = Math.floor((low + high + 1) / 2);
    if (values[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
