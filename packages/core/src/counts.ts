import { ArgumentError } from './errors.ts';

/** Checks how often each of `size` ids occurs. */
export function checkCounts(counts: readonly number[], size: number): void {
  if (!Array.isArray(counts)) throw new ArgumentError('vocab.counts', 'an array', counts);
  if (counts.length !== size) {
    throw new ArgumentError('vocab.counts.length', `${size}, as many as ids`, counts.length);
  }
  let total = 0;
  for (const [id, count] of counts.entries()) {
    total += count;
    if (!Number.isInteger(count) || count < 0 || !Number.isSafeInteger(total)) {
      throw new ArgumentError(`vocab.counts[${id}]`, 'integers from 0 that sum below 2^53', count);
    }
  }
}

/**
 * For each of `ids`, its count and those before it, halved as often as it takes for the last to be below 2^32;
 * undefined where they sum to 0.
 */
export function cumulativeCounts(
  counts: readonly number[],
  ids: Uint32Array,
): Uint32Array | undefined {
  const sums = new Uint32Array(ids.length);
  for (let divisor = 1; ; divisor *= 2) {
    let sum = 0;
    for (let index = 0; index < ids.length; index++) {
      sum += Math.floor(counts[ids[index]!]! / divisor);
      sums[index] = sum;
    }
    if (sum < 2 ** 32) return sum === 0 ? undefined : sums;
  }
}
