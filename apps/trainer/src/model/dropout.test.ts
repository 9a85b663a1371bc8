import assert from 'node:assert/strict';
import { modelConfig } from './config.ts';
import { dropoutFactors } from './dropout.ts';

const config = modelConfig({
  vocab: 50,
  length: 64,
  layers: 2,
  hidden: 32,
  heads: 2,
  dropout: 0.1,
});
const address = { seed: 5n, step: 3, firstRow: 0, rows: 8, width: 64 };

Deno.test('dropout drops its share, and keeps the mean', () => {
  for (const factors of dropoutFactors(config, address)) {
    const dropped = factors.filter((factor) => factor === 0).length;
    const share = 6553 / 65536;
    // Five standard deviations.
    const bound = 5 * Math.sqrt((share * (1 - share)) / factors.length);
    assert.ok(Math.abs(dropped / factors.length - share) < bound);
    const mean = factors.reduce((sum, factor) => sum + factor, 0) / factors.length;
    assert.ok(Math.abs(mean - 1) < bound / (1 - share));
  }
});

Deno.test('what is dropped of a row depends on its number in the global batch, not on how the batch is cut', () => {
  const whole = dropoutFactors(config, address);
  const part = dropoutFactors(config, { ...address, firstRow: 5, rows: 3 });
  for (const [site, factors] of part.entries()) {
    assert.deepEqual(factors, whole[site]!.slice((5 * whole[site]!.length) / 8));
  }
});

Deno.test('what is dropped differs by seed, step, pass and site', () => {
  const [first, second] = dropoutFactors(config, address);
  const others = [{ seed: 6n }, { step: 4 }, { pass: 1 }].map(
    (change) => dropoutFactors(config, { ...address, ...change })[0]!,
  );
  for (const other of [...others, second!])
    assert.notDeepEqual(first, other.slice(0, first!.length));
});

Deno.test('without dropout there is nothing to multiply by', () => {
  assert.deepEqual(dropoutFactors({ ...config, dropout: 0 }, address), []);
});
