import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { RecordBatchCache } from './record-batch-cache.ts';

/** A cache whose contents are the slots, in which the key is written. */
function keyedCache(slots: number) {
  const reads: number[] = [];
  const cache = new RecordBatchCache<Uint8Array>(slots * 8, 8);
  const fill =
    (key: number, delay = 0) =>
    async (slot: Uint8Array<ArrayBuffer>) => {
      reads.push(key);
      if (delay > 0) await sleep(delay);
      return slot.fill(key);
    };
  const get = (key: number, delay?: number) => cache.use(key, fill(key, delay), (slot) => slot[7]!);
  return { cache, reads, fill, get };
}

describe('a cache of record batches', () => {
  test('reads once what it holds, and drops what was used longest ago', async () => {
    const { reads, get } = keyedCache(2);
    for (const key of [1, 2, 1, 3, 1, 2]) expect(await get(key)).toBe(key);
    expect(reads).toEqual([1, 2, 3, 2]);
  });

  test('reads once what several ask for at the same time', async () => {
    const { reads, get } = keyedCache(2);
    expect(await Promise.all([get(1, 5), get(1, 5), get(1)])).toEqual([1, 1, 1]);
    expect(reads).toEqual([1]);
  });

  test('never gives a slot away that is being used, with one slot and many asking', async () => {
    const { get } = keyedCache(1);
    const keys = Array.from({ length: 40 }, (_, index) => index % 7);
    expect(await Promise.all(keys.map((key) => get(key, key % 3)))).toEqual(keys);
  });

  test('gives an error to those who wait, and tries again for those who come later', async () => {
    const { cache, get } = keyedCache(1);
    const broken = () => Promise.reject(new Error('broken'));
    const asked = [1, 1].map((key) => cache.use(key, broken, () => 0));
    for (const one of await Promise.allSettled(asked)) {
      expect(one).toMatchObject({ status: 'rejected', reason: { message: 'broken' } });
    }
    expect(await get(1)).toBe(1);
    expect(await get(2)).toBe(2);
  });

  test('reads ahead in half of its slots, and only what is not there', async () => {
    const { cache, reads, fill, get } = keyedCache(4);
    for (const key of [1, 1, 2, 3]) cache.readAhead(key, fill(key, 5));
    expect(reads).toEqual([1, 2]);
    expect(await get(2)).toBe(2);
    expect(reads).toEqual([1, 2]);
  });
});
