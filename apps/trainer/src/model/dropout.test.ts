import assert from 'node:assert/strict';
import { tiny } from '../testing/tiny.ts';
import { type ModelConfig, modelConfig } from './config.ts';
import { checkDropout, type DropoutSite, dropoutFactors } from './dropout.ts';
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

/** What is dropped, as digits. */
const digits = (factors: Float32Array): string =>
  [...factors].map((f) => (f === 0 ? 1 : 0)).join('');

Deno.test('what is dropped is what earlier versions dropped', () => {
  // Printed by commit 29b804d, which could not draw more than 2^27 values of a row.
  const few: DropoutSite[] = [
    { per: 'token', values: 4 },
    { per: 'pair', values: 2 },
    { per: 'row', values: 40 },
  ];
  const there = { seed: 5n, step: 3, firstRow: 6, rows: 2, width: 5 };
  assert.deepEqual(dropoutFactors(few, { dropout: 0.25, length: 16 }, there).map(digits), [
    '0110100000111001000000000000101000000001',
    '0000000000000000100010000011001100000001000100100100000001000001100110000100111100000000000001000000',
    '11000001000001000010001000000001000010010000010111000000000100010010100000000101',
  ]);
  const long = { dropout: 0.25, length: 8192 };
  const address = { seed: 5n, step: 3, firstRow: 1, rows: 1, width: 6, pass: 1 };
  assert.deepEqual(dropoutFactors([{ per: 'pair', values: 2 }], long, address).map(digits), [
    '000000111000110010100000001001000000000001000011000000000101110000000010',
  ]);
});

Deno.test('no two heads drop alike, however long the rows that the model takes', () => {
  for (const length of [8192, 65_536, 2 ** 20]) {
    const heads = 8;
    const long = { dropout: 0.5, length };
    const [factors] = dropoutFactors([{ per: 'pair', values: heads }], long, {
      ...address,
      rows: 1,
      width: 8,
    });
    const found = Array.from({ length: heads }, (_, head) =>
      digits(factors!.subarray(64 * head, 64 * (head + 1))),
    );
    assert.equal(new Set(found).size, heads, `length ${length}`);
    const dropped = found.join('').replaceAll('0', '').length / (64 * heads);
    // Five standard deviations.
    assert.ok(Math.abs(dropped - 0.5) < (5 * 0.5) / Math.sqrt(64 * heads));
  }
});

Deno.test('what is dropped does not depend on the width, nor on the rest of the batch, beyond 2^27 draws', () => {
  // The draw 2^27 is of head 2, query 8 and key 8.
  const long = { dropout: 0.5, length: 8190 };
  const pairs: DropoutSite[] = [{ per: 'pair', values: 3 }];
  const [whole] = dropoutFactors(pairs, long, { ...address, rows: 2, width: 16 });
  const [narrow] = dropoutFactors(pairs, long, { ...address, firstRow: 1, rows: 1, width: 12 });
  const within = (at: number) => at % 16 < 12 && Math.floor(at / 16) % 16 < 12;
  assert.deepEqual(
    narrow,
    whole!.slice(whole!.length / 2).filter((_, at) => within(at)),
  );
});

Deno.test('a model that drops more than there are draws for is refused, naming the option', () => {
  const sizes = { vocab: 50, layers: 1, hidden: 8, heads: 8, dropout: 0.1 };
  const build = (change: Partial<typeof sizes & { length: number }>) =>
    createModel(modelConfig({ ...sizes, length: 2 ** 20, ...change }));
  build({});
  build({ length: 2 ** 20 + 1, dropout: 0 });
  assert.throws(() => build({ length: 2 ** 20 + 1 }), {
    argument: 'length',
    message:
      'length is 1048577, expected at most 1048576, for which dropout has draws: give a shorter one, or --dropout 0',
  });
  const drops = { dropout: 0.1, length: 64, layers: 30_000 };
  const many = (count: number) => Array<DropoutSite>(count).fill({ per: 'token', values: 8 });
  checkDropout([many(2 ** 16), many(2 ** 16)], drops);
  checkDropout([many(2 ** 16 + 1)], { ...drops, dropout: 0 });
  assert.throws(() => checkDropout([many(1), many(2 ** 16 + 1)], drops), {
    argument: 'layers',
    message:
      'layers is 30000, expected so few that values are dropped at 65536 places, not at 65537: give fewer, or --dropout 0',
  });
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
