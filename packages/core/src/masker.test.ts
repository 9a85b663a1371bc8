import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMasker } from './masker.ts';
import { bert, spanbert } from './strategies/presets.ts';
import { sentenceOrder } from './strategies/sentence-order.ts';
import type { Strategy } from './strategies/strategy.ts';
import { tokenMasking } from './strategies/token-masking.ts';

const vocab = { size: 500, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [] };
const isSpecial = (id: number) => id <= 4;

const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const sampleIds = fc.array(fc.integer({ min: 0, max: vocab.size - 1 }), { maxLength: 300 });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const options = fc.tuple(share, share, share).map(([rate, a, b]) => {
  const [low, high] = a < b ? [a, b] : [b, a];
  return { rate, mask: low, random: high - low, keep: 1 - high };
});

describe('mask()', () => {
  test('never touches nor draws special tokens, and its labels restore the original', () => {
    fc.assert(
      fc.property(uint64, uint32, uint64, sampleIds, options, (seed, epoch, sample, ids, given) => {
        const masker = createMasker({ vocab, seed, strategy: tokenMasking(given) });
        const { inputIds, labels } = masker.mask(ids, { epoch, sample });
        expect(inputIds.length).toBe(ids.length);
        ids.forEach((id, position) => {
          const label = labels[position]!;
          const input = inputIds[position]!;
          if (isSpecial(id)) expect([input, label]).toEqual([id, -100]);
          expect(label === -100 ? input : label).toBe(id);
          if (input !== id && input !== vocab.maskId) expect(isSpecial(input)).toBe(false);
        });
      }),
      { numRuns: 500 },
    );
  });

  test('is the same whatever was masked before', () => {
    fc.assert(
      fc.property(
        uint64,
        uint32,
        uint64,
        sampleIds,
        sampleIds,
        (seed, epoch, sample, ids, other) => {
          const strategy = tokenMasking({ rate: 0.4 });
          const fresh = createMasker({ vocab, seed, strategy });
          const used = createMasker({ vocab, seed, strategy });
          used.mask(other, { epoch: 9, sample: 1 });
          expect(used.mask(ids, { epoch, sample })).toEqual(fresh.mask(ids, { epoch, sample }));
        },
      ),
    );
  });

  test('a longer sample masks its beginning as the shorter one', () => {
    const masker = createMasker({ vocab, seed: 1, strategy: tokenMasking({ rate: 0.3 }) });
    const ids = Array.from({ length: 200 }, (_, index) => 5 + (index % 400));
    const whole = masker.mask(ids, { epoch: 0, sample: 0 });
    const part = masker.mask(ids.slice(0, 77), { epoch: 0, sample: 0 });
    expect(part.inputIds).toEqual(whole.inputIds.slice(0, 77));
  });

  test('masks differ from epoch to epoch in dynamic mode', () => {
    const masker = createMasker({ vocab, seed: 0, strategy: tokenMasking({ rate: 0.15 }) });
    const ids = Array.from({ length: 128 }, () => 77);
    const seen = new Set<string>();
    for (let epoch = 0; epoch < 100; epoch++) {
      seen.add(masker.mask(ids, { epoch, sample: 3 }).labels.join());
    }
    expect(seen.size).toBe(100);
  });

  test('static copies come in turn, and copy j is dynamic epoch j', () => {
    const strategy = tokenMasking({ rate: 0.15 });
    const dynamic = createMasker({ vocab, seed: 5, strategy });
    const copies = 4;
    const fixed = createMasker({ vocab, seed: 5, strategy, mode: 'static', copies });
    const ids = Array.from({ length: 64 }, (_, index) => 5 + index);
    for (let epoch = 0; epoch < 11; epoch++) {
      expect(fixed.mask(ids, { epoch, sample: 8 })).toEqual(
        dynamic.mask(ids, { epoch: epoch % copies, sample: 8 }),
      );
    }
  });

  test('rate 0 selects nothing and rate 1 everything that is not special', () => {
    const ids = Array.from({ length: vocab.size }, (_, id) => id);
    for (const rate of [0, 1]) {
      const masker = createMasker({ vocab, seed: 3, strategy: tokenMasking({ rate }) });
      const { labels } = masker.mask(ids, { epoch: 0, sample: 0 });
      const selected = labels.filter((label) => label !== -100).length;
      expect(selected).toBe(rate === 0 ? 0 : vocab.size - 5);
    }
  });

  test('masks nest as the rate grows: a token selected at 0.1 is selected at 0.3', () => {
    const ids = Array.from({ length: 400 }, (_, index) => 5 + index);
    const at = (rate: number) =>
      createMasker({ vocab, seed: 3, strategy: tokenMasking({ rate }) }).mask(ids, {
        epoch: 0,
        sample: 0,
      }).labels;
    const low = at(0.1);
    const high = at(0.3);
    low.forEach((label, position) => {
      if (label !== -100) expect(high[position]).toBe(label);
    });
  });

  test('takes empty samples and never writes its input', () => {
    const masker = createMasker({ vocab, seed: 3, strategy: tokenMasking({ rate: 1 }) });
    expect(masker.mask([], { epoch: 0, sample: 0 }).inputIds.length).toBe(0);
    const ids = Uint16Array.from([2, 10, 11, 3]);
    masker.mask(ids, { epoch: 0, sample: 0 });
    expect([...ids]).toEqual([2, 10, 11, 3]);
  });

  test('refuses ids that the vocabulary does not have, naming place and size', () => {
    const masker = createMasker({ vocab, seed: 3, strategy: tokenMasking({ rate: 0.5 }) });
    expect(() => masker.mask([2, 500, 3], { epoch: 0, sample: 0 })).toThrow(
      'Token id 500 at position 1 is not in the vocabulary of 500 ids',
    );
    expect(() => masker.mask([-1], { epoch: 0, sample: 0 })).toThrow(/Token id -1 at position 0/);
  });

  test('refuses output arrays that are too short', () => {
    const masker = createMasker({ vocab, seed: 3, strategy: tokenMasking({ rate: 0.5 }) });
    const out = { inputIds: new Uint16Array(3), labels: new Int32Array(2) };
    expect(() => masker.maskInto([5, 6, 7], { epoch: 0, sample: 0 }, out)).toThrow(
      'out is 2, expected columns of at least 3 tokens',
    );
  });
});

test('createMasker() refuses modes that contradict themselves', () => {
  const strategy = tokenMasking({ rate: 0.15 });
  expect(() => createMasker({ vocab, seed: 0, strategy, copies: 3 })).toThrow(/^copies is 3/);
  expect(() => createMasker({ vocab, seed: 0, strategy, mode: 'static', copies: 0 })).toThrow(
    /^copies is 0/,
  );
});

describe('a rate that comes with a call', () => {
  const rate = fc.integer({ min: 0, max: 64 }).map((part) => part / 64);
  const both = fc.constantFrom(
    [(share: number) => tokenMasking({ rate: share }), 1],
    [(share: number) => bert({ rate: share }), 0.15],
    [(share: number) => sentenceOrder(spanbert({ rate: share })), 0.5],
  ) as fc.Arbitrary<[(rate: number) => Strategy, number]>;

  test('masks as the strategy of that rate does, and leaves other calls alone', () => {
    fc.assert(
      fc.property(
        uint64,
        uint64,
        sampleIds,
        rate,
        both,
        (seed, sample, inner, share, [make, own]) => {
          const ids = Int32Array.from([2, ...inner, 3, 9, 3]);
          const address = { epoch: 1, sample, segment: ids.length - 2 };
          const masker = createMasker({ vocab, seed, strategy: make(own) });
          const before = masker.mask(ids, address);
          const other = createMasker({ vocab, seed, strategy: make(share) }).mask(ids, address);
          expect(masker.mask(ids, { ...address, rate: share })).toEqual(other);
          expect(masker.mask(ids, address)).toEqual(before);
        },
      ),
    );
  });

  test('is refused in static mode, outside 0..1, and where the strategy hides nothing', () => {
    const strategy = tokenMasking({ rate: 0.15 });
    const mask = (options: object, share: number) => () =>
      createMasker({ vocab, seed: 1n, strategy, ...options }).mask([9], {
        epoch: 0,
        sample: 0,
        rate: share,
      });
    expect(mask({ mode: 'static' }, 0.2)).toThrow(/^rate is 0.2, expected none in static mode/);
    expect(mask({}, 1.2)).toThrow(/^rate is 1.2/);
    expect(mask({}, Number.NaN)).toThrow(/^rate is NaN/);
    expect(mask({ strategy: tokenMasking({ rate: 0 }) }, 0.2)).toThrow(/^strategy.select is 0/);
  });
});
