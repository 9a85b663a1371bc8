import { expect, test } from 'vitest';
import type { BatchResult, Compute } from '../compute.ts';
import { LoaderClosedError } from '../errors.ts';
import { inlinePool } from './inline-pool.ts';
import type { PoolTask } from './pool.ts';

const address = { epoch: 0, step: 0, rank: 0, world: 1 };
const slot = { buffer: new ArrayBuffer(8), start: 0, bytes: 8 };
const task = (stream: object): PoolTask => ({
  address,
  layout: undefined,
  slot,
  digest: false,
  ring: undefined,
  stream,
});

/** A pool whose tasks wait, as for samples that are read, until each is let go. */
function waitingPool() {
  const letGo: (() => void)[] = [];
  const result = {} as BatchResult;
  const compute: Compute = () => new Promise((resolve) => letGo.push(() => resolve(result)));
  const noMasker = (): never => {
    throw new Error('no ring, no masker');
  };
  return { pool: inlinePool(compute, noMasker, () => {}), letGo };
}

test('a stream that is cancelled is rejected at once, and its slots are free once nobody writes to them', async () => {
  const { pool, letGo } = waitingPool();
  const [stream, other] = [{}, {}];
  const results = [stream, stream, other].map((one) => pool.run(task(one)).take());
  let free = false;
  const cancelled = pool.cancel(stream, new Error('enough')).then(() => {
    free = true;
  });
  for (const result of results.slice(0, 2)) await expect(result).rejects.toThrow('enough');
  letGo[0]!();
  letGo[2]!();
  expect(await results[2]).toMatchObject({ slot });
  expect(free).toBe(false);
  letGo[1]!();
  await cancelled;
});

test('closing rejects what is waited for', async () => {
  const { pool } = waitingPool();
  const result = pool.run(task({})).take();
  await Promise.all([pool.close(), expect(result).rejects.toThrow(LoaderClosedError)]);
  await expect(pool.run(task({})).take()).rejects.toThrow(LoaderClosedError);
});
