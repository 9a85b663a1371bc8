import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMasker } from '../masker.ts';
import { createDraws } from '../random/draws.ts';
import * as op from '../random/ops.ts';
import { binomialTest, falseAlarm } from '../testing/statistics.ts';
import { albert, bertWholeWord } from './presets.ts';
import { sentenceOrder } from './sentence-order.ts';
import { strategyFromPlan } from './strategy-from-plan.ts';
import { tokenMasking } from './token-masking.ts';

const vocab = { size: 300, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [] };
const strategy = sentenceOrder(tokenMasking({ rate: 0 }));
const masked = sentenceOrder(albert());
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const part = fc.array(fc.integer({ min: 5, max: 299 }), { minLength: 1, maxLength: 40 });

describe('sentenceOrder()', () => {
  test('swaps [CLS] A [SEP] B [SEP] to [CLS] B [SEP] A [SEP] where the draw says so, and tells', () => {
    fc.assert(
      fc.property(uint64, uint64, part, part, (seed, sample, a, b) => {
        const ids = [2, ...a, 3, ...b, 3];
        const masker = createMasker({ vocab, seed, strategy });
        const out = masker.mask(ids, { epoch: 5, sample, segment: a.length + 2 });
        const swapped = createDraws(seed).at(5, sample).word(op.pair, 0) >= 2 ** 31;
        const [first, second] = swapped ? [b, a] : [a, b];
        expect([...out.inputIds]).toEqual([2, ...first, 3, ...second, 3]);
        expect(out.sentenceLabel).toBe(swapped ? 1 : 0);
        expect(out.segment).toBe(first.length + 2);
      }),
    );
  });

  test('masks what the swap leaves, as the masking would alone', () => {
    fc.assert(
      fc.property(uint64, uint64, part, part, (seed, sample, a, b) => {
        const address = { epoch: 1, sample, segment: a.length + 2 };
        const ids = [2, ...a, 3, ...b, 3];
        const both = createMasker({ vocab, seed, strategy: masked }).mask(ids, address);
        const ordered = createMasker({ vocab, seed, strategy }).mask(ids, address);
        const alone = createMasker({ vocab, seed, strategy: albert() }).mask(ordered.inputIds, {
          epoch: 1,
          sample,
        });
        expect(both.inputIds).toEqual(alone.inputIds);
        expect(both.labels).toEqual(alone.labels);
      }),
    );
  });

  test('swaps the column of units with the tokens', () => {
    const masking = bertWholeWord({ unit: 'column', rate: 0.4 });
    const strategy = sentenceOrder(masking);
    const bit = fc.integer({ min: 0, max: 1 });
    fc.assert(
      fc.property(uint64, part, part, fc.infiniteStream(bit), (seed, a, b, bits) => {
        const ids = [2, ...a, 3, ...b, 3];
        const units = ids.map(() => bits.next().value!);
        const address = { epoch: 1, sample: 7, segment: a.length + 2, units };
        const both = createMasker({ vocab, seed, strategy }).mask(ids, address);
        // The same by hand.
        const order = ids.map((_, position) => position);
        const second = order.slice(address.segment);
        const moved =
          both.sentenceLabel === 1 ? [0, ...second, ...order.slice(1, address.segment)] : order;
        const alone = createMasker({ vocab, seed, strategy: masking }).mask(
          moved.map((position) => ids[position]!),
          { ...address, units: moved.map((position) => units[position]!) },
        );
        expect([both.inputIds, both.labels]).toEqual([alone.inputIds, alone.labels]);
      }),
    );
    const masker = createMasker({ vocab, seed: 4n, strategy });
    const mask = (sample: number) =>
      masker.mask([2, 9, 3, 8, 3], { epoch: 0, sample, segment: 3, units: [1, 1, 1, 1] });
    for (let sample = 0; sample < 10; sample++) {
      expect(() => mask(sample)).toThrow(/^units\.length is 4, expected 5/);
    }
  });

  test('gives the same with the kernel as with the reference', () => {
    fc.assert(
      fc.property(uint64, uint64, part, part, (seed, sample, a, b) => {
        const address = { epoch: 1, sample, segment: a.length + 2 };
        const ids = [2, ...a, 3, ...b, 3];
        const both = sentenceOrder(tokenMasking({ rate: 0.4 }));
        const masker = createMasker({ vocab, seed, strategy: both });
        const { accelerate: _, ...reference } = both;
        const plain = createMasker({ vocab, seed, strategy: reference });
        expect(masker.mask(Uint16Array.from(ids), address)).toEqual(plain.mask(ids, address));
      }),
    );
  });

  test('swaps half of the samples, anew in each epoch of dynamic mode', () => {
    const masker = createMasker({ vocab, seed: 4n, strategy });
    const label = (epoch: number, sample: number) =>
      masker.mask([2, 9, 3, 8, 3], { epoch, sample, segment: 3 }).sentenceLabel!;
    let swapped = 0;
    let changed = 0;
    for (let sample = 0; sample < 20_000; sample++) {
      swapped += label(0, sample);
      changed += label(0, sample) ^ label(1, sample);
    }
    expect(binomialTest(swapped, 20_000, 0.5)).toBeGreaterThan(falseAlarm);
    expect(binomialTest(changed, 20_000, 0.5)).toBeGreaterThan(falseAlarm);
  });

  test('comes back from its plan, and refuses itself and samples of one segment', () => {
    expect(strategyFromPlan(JSON.parse(JSON.stringify(masked.plan))).plan).toEqual(masked.plan);
    expect(() => sentenceOrder(masked)).toThrow(/^masking is "sentence-order"/);
    const masker = createMasker({ vocab, seed: 4n, strategy });
    const mask = (segment?: number) => () =>
      masker.mask([2, 9, 3], {
        epoch: 0,
        sample: 0,
        ...(segment === undefined ? {} : { segment }),
      });
    expect(mask()).toThrow(/^segment is missing, expected a position from 2 to 2/);
    expect(mask(3)).toThrow(/^segment is 3/);
    expect(mask(1)).toThrow(/^segment is 1/);
  });
});
