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

const strategies = Object.entries(vectorStrategies);

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

const accelerated = strategies.filter(([, strategy]) => strategy.accelerate !== undefined);
test.each(accelerated)(
  'the reference of %s allocates nothing for a sample',
  async (_name, strategy) => {
    expect(await bytesPerSample('reference', strategy)).toBeLessThan(most);
  },
);
