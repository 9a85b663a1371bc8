import assert from 'node:assert/strict';
import { tiny } from '../testing/tiny.ts';
import { type ModelConfig, modelConfig } from './config.ts';
import { type DropoutSite, dropoutFactors } from './dropout.ts';
import { createModel } from './models.ts';

const config = { dropout: 0.1, length: 64 };
const sites: DropoutSite[] = [
  { per: 'token', values: 32 },
  { per: 'pair', values: 2 },
  { per: 'row', values: 300 },
];
const address = { seed: 5n, step: 3, firstRow: 0, rows: 8, width: 64 };

Deno.test('dropout drops its share, and keeps the mean', () => {
  for (const factors of dropoutFactors(sites, config, address)) {
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
  const whole = dropoutFactors(sites, config, address);
  const part = dropoutFactors(sites, config, { ...address, firstRow: 5, rows: 3 });
  for (const [site, factors] of part.entries()) {
    assert.deepEqual(factors, whole[site]!.slice((5 * whole[site]!.length) / 8));
  }
});

Deno.test('what is dropped of a row does not depend on how far it is padded', () => {
  const narrow = 40;
  const [tokens, pairs, row] = dropoutFactors(sites, config, { ...address, rows: 1 });
  const found = dropoutFactors(sites, config, { ...address, rows: 1, width: narrow });
  assert.deepEqual(found[0], tokens!.slice(0, narrow * 32));
  // [heads, query, key], of which the first places are left.
  const within = (at: number) => at % 64 < narrow && Math.floor(at / 64) % 64 < narrow;
  assert.deepEqual(
    found[1],
    pairs!.filter((_, at) => within(at)),
  );
  assert.deepEqual(found[2], row);
});

Deno.test('what is dropped differs by seed, step, pass and site', () => {
  const [first, second] = dropoutFactors(sites, config, address);
  const others = [{ seed: 6n }, { step: 4 }, { pass: 1 }].map(
    (change) => dropoutFactors(sites, config, { ...address, ...change })[0]!,
  );
  for (const other of [...others, second!])
    assert.notDeepEqual(first, other.slice(0, first!.length));
});

Deno.test('without dropout there is nothing to multiply by', () => {
  assert.deepEqual(dropoutFactors(sites, { ...config, dropout: 0 }, address), []);
});

const embedding = { per: 'token', values: 8 } as const;
const hidden = { per: 'token', values: 16 } as const;
const inner = { per: 'token', values: 64 } as const;
const probabilities = { per: 'pair', values: 2 } as const;

/** Where Hugging Face's models drop in training, with 2 layers; that the sites are there is tested in test/interop. */
const models: [Partial<ModelConfig>, DropoutSite[][]][] = [
  [{}, [[hidden, probabilities, hidden, hidden, probabilities, hidden, hidden]]],
  [
    { sentenceOrder: true },
    [[hidden, probabilities, hidden, hidden, probabilities, hidden, hidden]],
  ],
  [
    { architecture: 'albert', embedding: 8 },
    [[embedding, probabilities, hidden, probabilities, hidden]],
  ],
  [
    { architecture: 'albert', embedding: 8, sentenceOrder: true },
    [[embedding, probabilities, hidden, probabilities, hidden, { per: 'row', values: 16 }]],
  ],
  [
    { architecture: 'modernbert' },
    [[hidden, probabilities, hidden, inner, probabilities, hidden, inner]],
  ],
];

for (const [given, expected] of models) {
  Deno.test(`${JSON.stringify(given)} drops where Hugging Face's does`, () => {
    assert.deepEqual(createModel(modelConfig({ ...tiny, ...given })).passes, expected);
  });
}
