/** @file Masking allocates nothing for a sample: measured, a process for each path (measure.mjs says how). */
import { fileURLToPath } from 'node:url';
import { requirementsOf, type Strategy } from '@maskloom/core';
import { expect, test } from 'vitest';
import { vectorStrategies } from '../conformance/vectors.ts';
import { run } from '../support/run.ts';

const script = fileURLToPath(new URL('measure.mjs', import.meta.url));
const flags = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];
/** The smallest thing on the heap, a boxed number, takes 16 bytes: one for every fourth sample is too much. */
const most = 4;

/** Bytes of the heap that a masked sample takes. */
async function bytesPerSample(path: string, size: 'small' | 'large', strategy?: Strategy) {
  const plan = strategy === undefined ? [] : [JSON.stringify(strategy.plan)];
  const { stdout, stderr } = await run(process.execPath, [...flags, script, path, size, ...plan]);
  expect(stderr).toBe('');
  return Number(stdout);
}

/** Strategies of units that no kernel takes: their reference keeps closures and views for each sample. */
function hasPath({ plan }: Strategy): boolean {
  const { units, counts } = requirementsOf(plan);
  return plan.type === 'token' || (!units && !counts);
}

const strategies = Object.entries(vectorStrategies);

test('an object for each sample would be seen', async () => {
  expect(await bytesPerSample('control', 'small')).toBeGreaterThan(16);
});

const clean = strategies.filter(([, strategy]) => hasPath(strategy));
test.each(clean)('%s allocates nothing for a sample', async (_name, strategy) => {
  expect(await bytesPerSample('sample', 'small', strategy)).toBeLessThan(most);
});

// Span corruption has no batches of columns.
const batched = clean.filter(([, strategy]) => strategy.capacity === undefined);
test.each(batched)('%s allocates nothing for a sample of a batch', async (_name, strategy) => {
  expect(await bytesPerSample('batch', 'small', strategy)).toBeLessThan(most);
});

test.each(strategies.filter(([, { plan }]) => plan.type === 'token'))(
  'the reference of %s allocates nothing for a sample, wherever it is drawn',
  async (_name, strategy) => {
    expect(await bytesPerSample('reference', 'small', strategy)).toBeLessThan(most);
    expect(await bytesPerSample('reference', 'large', strategy)).toBeLessThan(most);
  },
);

// Known to allocate: 32 bytes for the halves of a large seed, on their way to a kernel.
test.fails('a kernel allocates nothing for a sample of a large seed', async () => {
  const strategy = vectorStrategies['token']!;
  expect(await bytesPerSample('sample', 'large', strategy)).toBeLessThan(most);
});

// Known to allocate: closures and a view for each sample, in unit-masking.ts.
test.fails.each(strategies.filter(([, strategy]) => !hasPath(strategy)))(
  '%s, which has no kernel, allocates nothing for a sample',
  async (_name, strategy) => {
    expect(await bytesPerSample('sample', 'small', strategy)).toBeLessThan(most);
  },
);
