/** @file Masking allocates nothing for a sample: measured, a process for each path (measure.mjs says how). */
import { fileURLToPath } from 'node:url';
import type { Strategy } from '@maskloom/core';
import { expect, test } from 'vitest';
import { vectorStrategies } from '../conformance/vectors.ts';
import { run } from '../support/run.ts';

const script = fileURLToPath(new URL('measure.mjs', import.meta.url));
const flags = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];
/** The smallest thing on the heap, a boxed number, takes 16 bytes: one for every fourth sample is too much. */
const most = 4;

/** Bytes of the heap that a masked sample takes. */
async function bytesPerSample(path: string, strategy?: Strategy) {
  const plan = strategy === undefined ? [] : [JSON.stringify(strategy.plan)];
  const { stdout, stderr } = await run(process.execPath, [...flags, script, path, ...plan]);
  expect(stderr).toBe('');
  return Number(stdout);
}

/** One of each kind of code: a process takes about a second. Under MASKLOOM_FULL=1, all that have vectors. */
const kinds = ['token', 'token-unigram', 'spanbert', 'spanbert-column', 'sentence-order', 'ul2'];
const full = process.env['MASKLOOM_FULL'] === '1';
const strategies = Object.entries(vectorStrategies).filter(
  ([name]) => full || kinds.includes(name),
);

test('an object for each sample would be seen', async () => {
  expect(await bytesPerSample('control')).toBeGreaterThan(16);
});

test.each(strategies)('%s allocates nothing for a sample', async (_name, strategy) => {
  expect(await bytesPerSample('sample', strategy)).toBeLessThan(most);
});

// Span corruption has no batches of columns.
const batched = strategies.filter(([, strategy]) => strategy.capacity === undefined);
test.each(batched)('%s allocates nothing for a sample of a batch', async (_name, strategy) => {
  expect(await bytesPerSample('batch', strategy)).toBeLessThan(most);
});

// Columns of the kernel's own memory, which it writes to without a copy.
const accelerated = strategies.filter(([, strategy]) => strategy.accelerate !== undefined);
test.each(accelerated)('%s allocates nothing for a sample of a room', async (_name, strategy) => {
  expect(await bytesPerSample('room', strategy)).toBeLessThan(most);
});

test.each(accelerated)(
  'the reference of %s allocates nothing for a sample',
  async (_name, strategy) => {
    expect(await bytesPerSample('reference', strategy)).toBeLessThan(most);
  },
);
