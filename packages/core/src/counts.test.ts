import { expect, test } from 'vitest';
import { cumulativeCounts } from './counts.ts';

test('cumulativeCounts() sums the counts of some ids, halved until they fit 32 bits', () => {
  const ids = Uint32Array.of(1, 2, 3, 5, 6, 7, 8, 9);
  const sums = (counts: number[]) => cumulativeCounts(counts, ids);
  expect([...sums([9, 1, 0, 2, 9, 0, 0, 3, 0, 0])!]).toEqual([1, 1, 3, 3, 3, 6, 6, 6]);
  const large = [0, 2 ** 31, 2 ** 31, 3, 0, 1, 0, 0, 0, 0];
  expect([...sums(large)!]).toEqual([2 ** 30, 2 ** 31, ...Array(6).fill(2 ** 31 + 1)]);
  expect(sums([9, 0, 0, 0, 9, 0, 0, 0, 0, 0])).toBeUndefined();
});
