import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { inlinedKernel, kernels } from '../../assembly/build.mjs';
import { type BatchSample, createMasker } from '../masker.ts';
import {
  clippedGeometric,
  inverseLengths,
  truncatedGeometric,
} from '../strategies/length-table.ts';
import { albert, bert, bertWholeWord, roberta, spanbert } from '../strategies/presets.ts';
import { sentenceOrder } from '../strategies/sentence-order.ts';
import type { Strategy } from '../strategies/strategy.ts';
import type { UnitStrategyPlan } from '../strategies/strategy-plan.ts';
import { tokenMasking } from '../strategies/token-masking.ts';
import { unitMasking } from '../strategies/unit-masking.ts';
import { full } from '../testing/full.ts';
import { vocabTables } from '../vocab.ts';
import { kernelBytes } from './row-kernel.ts';

declare const WebAssembly: {
  Memory: new (options: {
    initial: number;
    maximum: number;
    shared?: boolean;
  }) => {
    readonly buffer: ArrayBufferLike;
  };
};

const uint64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 64n - 1n),
);
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const share = fc.oneof(fc.constantFrom(0, 0.0001, 1), fc.double({ min: 0, max: 1, noNaN: true }));
const shares = fc
  .tuple(share, share, share)
  .map(([rate, a, b]) => ({ rate, mask: a, random: (1 - a) * b, keep: (1 - a) * (1 - b) }));

const threshold = fc.integer({ min: 0, max: 65536 });
const unitPlan = fc.record({
  type: fc.constant('units' as const),
  unit: fc.constantFrom('token' as const, 'word' as const),
  lengths: fc.constantFrom(
    [],
    inverseLengths(3),
    truncatedGeometric(0.2, 10),
    clippedGeometric(0.2, 10),
    [0, 2 ** 32],
  ),
  selection: fc.oneof(
    fc.record({ type: fc.constant('bernoulli' as const), select: threshold }),
    fc.record({
      type: fc.constant('budget' as const),
      rate: fc.oneof(fc.integer({ min: 0, max: 1_000_000 }), fc.constantFrom(150_000, 1_000_000)),
      rounding: fc.constantFrom('half-even' as const, 'up' as const, 'chance' as const),
      least: fc.constantFrom(0 as const, 1 as const),
      anchor: fc.constantFrom('unit' as const, 'token' as const),
      overlap: fc.constantFrom('drop' as const, 'join' as const),
    }),
  ),
  action: fc
    .tuple(
      threshold,
      threshold,
      fc.constantFrom('token' as const, 'unit' as const, 'span' as const),
    )
    .map(([a, b, per]) => ({ mask: Math.min(a, b), random: Math.max(a, b), per })),
});
const unitStrategy = unitPlan.map((plan) =>
  unitMasking(
    (plan.selection.type === 'bernoulli' ? { ...plan, lengths: [] } : plan) as UnitStrategyPlan,
  ),
);
const strategy: fc.Arbitrary<Strategy> = fc.oneof(
  shares.map(tokenMasking),
  unitStrategy,
  fc.constantFrom(bert(), bertWholeWord(), roberta(), spanbert(), albert()),
);

const size = 70_000;
const vocab = fc
  .record({
    size: fc.constantFrom(600, 65_536, size),
    special: fc.uniqueArray(
      fc.oneof(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 599 })),
      { minLength: 1, maxLength: 16 },
    ),
    last: fc.boolean(),
  })
  .map(({ size, special, last }) => {
    const specialIds = [...new Set([...special, ...(last ? [size - 1] : [])])].sort(
      (a, b) => a - b,
    );
    return {
      size,
      maskId: specialIds.at(-1)!,
      padId: specialIds[0]!,
      specialIds,
      continuationIds: [7, 9, ...Array.from({ length: 200 }, (_, index) => 300 + index)],
    };
  });
const id = fc.oneof(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 599 }));
const sample = fc.record({
  ids: fc
    .tuple(
      fc.oneof(fc.array(id, { maxLength: 40 }), fc.array(id, { minLength: 60, maxLength: 400 })),
      fc.constantFrom(Uint16Array, Uint32Array, Int32Array, Array),
    )
    .map(
      ([ids, In]): ArrayLike<number> => (In === Array ? ids : (In as typeof Uint16Array).from(ids)),
    ),
  sample: uint64,
  room: fc.integer({ min: 0, max: 20 }),
});

/** The same strategy on the reference alone. */
function reference({ accelerate: _, ...strategy }: Strategy): Strategy {
  return strategy;
}

/** Masks a batch into columns of a memory that is the kernel's, or is not. */
function maskBatch(
  options: Parameters<typeof createMasker>[0],
  samples: readonly (BatchSample & { room: number })[],
  epoch: number,
  memory: 'own' | 'unshared' | 'shared',
  Ids: typeof Int32Array | typeof Uint16Array | typeof Uint32Array,
) {
  const starts = [3];
  for (const { ids, room } of samples) starts.push(starts.at(-1)! + ids.length + room);
  const tokens = starts.at(-1)! + 3;
  const bytes = kernelBytes(options.vocab.size);
  const pages = Math.ceil((2 * bytes + 8 * tokens) / 65536);
  const given =
    memory === 'own'
      ? undefined
      : new WebAssembly.Memory({ initial: pages, maximum: pages, shared: memory === 'shared' });
  const start = 64 * 7;
  const columns = start + bytes;
  const room = given === undefined ? {} : { room: { memory: given, start, bytes } };
  const buffer = given?.buffer ?? new ArrayBuffer(columns + 8 * tokens);
  const inputIds = new Ids(buffer as ArrayBuffer, columns, tokens).fill(7);
  const labels = new Int32Array(buffer, columns + 4 * tokens, tokens).fill(8);
  const segments = new Uint32Array(samples.length);
  const sentenceLabels = new Uint8Array(samples.length);
  const masker = createMasker({ ...options, ...room });
  const out = { inputIds, labels, starts, segments, sentenceLabels };
  const selected = masker.maskBatch(samples, { epoch }, out);
  return { selected, inputIds: [...inputIds], labels: [...labels], segments, sentenceLabels };
}

/**
 * Batches that kernel and reference are compared on, each of a strategy, vocabulary, samples, addresses and memory of its
 * own: 1500 under MASKLOOM_FULL=1, else 200. The vectors, and the laws for each strategy, compare more of them.
 */
const runs = full ? 1500 : 200;

test('a batch whose samples have epochs of their own is masked as sample by sample', () => {
  const epochs = fc.constantFrom(undefined, 0, 1, 7, 2 ** 32 - 1);
  const own = fc.array(fc.tuple(sample, epochs), { maxLength: 8 });
  const modes = fc.constantFrom({}, { mode: 'static', copies: 3 } as const);
  fc.assert(
    fc.property(strategy, vocab, own, modes, (given, traits, list, mode) => {
      const options = { vocab: traits, seed: 5n, strategy: given, ...mode };
      const samples = list.map(([one, epoch]) => ({ ...one, epoch }));
      const both = [
        maskBatch(options, samples, 3, 'own', Int32Array),
        maskBatch(options, samples, 3, 'shared', Int32Array),
      ];
      const masker = createMasker(options);
      let start = 3;
      let selected = 0;
      for (const { ids, sample: id, epoch = 3, room } of samples) {
        const masked = masker.mask(ids, { epoch, sample: id });
        for (const { inputIds, labels } of both) {
          expect(inputIds.slice(start, start + ids.length)).toEqual([...masked.inputIds]);
          expect(labels.slice(start, start + ids.length)).toEqual([...masked.labels]);
        }
        selected += masked.labels.filter((label) => label !== -100).length;
        start += ids.length + room;
      }
      expect(both.map((batch) => batch.selected)).toEqual([selected, selected]);
    }),
  );
});

describe('a kernel', () => {
  test('gives the bytes of the reference, for a batch as for a sample, in any memory', () => {
    fc.assert(
      fc.property(
        strategy,
        vocab,
        fc.array(sample, { maxLength: 5 }),
        fc.record({ seed: uint64, epoch: uint32 }),
        fc.constantFrom('own' as const, 'unshared' as const, 'shared' as const),
        fc.constantFrom(Int32Array, Uint32Array, Uint16Array),
        (strategy, vocab, samples, { seed, epoch }, memory, Ids) => {
          const options = { vocab, seed, strategy };
          const plain = { ...options, strategy: reference(strategy) };
          const ours = maskBatch(options, samples, epoch, memory, Ids);
          expect(ours).toEqual(maskBatch(plain, samples, epoch, 'own', Ids));
          const one = createMasker(options);
          const other = createMasker(plain);
          for (const { ids, sample } of samples) {
            expect(one.mask(ids, { epoch, sample })).toEqual(other.mask(ids, { epoch, sample }));
          }
        },
      ),
      { numRuns: runs },
    );
  });

  test('takes two of three of the plans and vocabularies that these tests draw', () => {
    // So many that chance does not come near.
    const drawn = fc.sample(fc.tuple(strategy, vocab), 4000);
    const accelerated = drawn.filter(
      ([strategy, vocab]) => strategy.accelerate?.(vocabTables(vocab)) !== undefined,
    );
    expect(accelerated.length).toBeGreaterThan((drawn.length * 2) / 3);
  });

  test('gives the bytes of the reference in sentence order', () => {
    const pairs = fc.array(
      fc.tuple(sample, fc.nat()).filter(([{ ids }]) => ids.length > 3),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(strategy, vocab, pairs, uint64, uint32, (masking, vocab, pairs, seed, epoch) => {
        const samples = pairs.map(([sample, at]) => ({
          ...sample,
          segment: 2 + (at % (sample.ids.length - 2)),
        }));
        const options = { vocab, seed, strategy: sentenceOrder(masking) };
        const plain = { ...options, strategy: reference(options.strategy) };
        expect(maskBatch(options, samples, epoch, 'shared', Int32Array)).toEqual(
          maskBatch(plain, samples, epoch, 'own', Int32Array),
        );
      }),
      { numRuns: runs / 4 },
    );
  });

  test('takes batches of thousands of rows, and long samples', () => {
    const ids = (length: number) => Uint16Array.from({ length }, (_, index) => 5 + (index % 590));
    const plainVocab = { size: 600, maskId: 4, padId: 0, specialIds: [0, 4], continuationIds: [9] };
    for (const strategy of [tokenMasking({ rate: 1, mask: 0.1, random: 0.9, keep: 0 }), bert()]) {
      for (const lengths of [
        Array.from({ length: 3000 }, (_, row) => row % 40),
        [32768, 9, 32700],
        [40_000, 5],
      ]) {
        const samples = lengths.map((length, sample) => ({
          ids: ids(length),
          sample,
          room: sample % 3,
        }));
        for (const memory of ['own', 'shared'] as const) {
          const options = { vocab: plainVocab, seed: 3n, strategy };
          const plain = { ...options, strategy: reference(strategy) };
          expect(maskBatch(options, samples, 1, memory, Int32Array)).toEqual(
            maskBatch(plain, samples, 1, 'own', Int32Array),
          );
        }
      }
    }
  });

  test('takes words longer than its list of random tokens', () => {
    const vocab = { size: 9, maskId: 1, padId: 0, specialIds: [0, 1], continuationIds: [3, 4, 5] };
    const ids = Uint16Array.from({ length: 5000 }, (_, index) =>
      index === 0 ? 2 : 3 + (index % 3),
    );
    const strategy = unitMasking({
      ...bertWholeWord().plan,
      selection: { type: 'bernoulli', select: 65536 },
      action: { mask: 0, random: 65536, per: 'token' },
    });
    const ours = createMasker({ vocab, seed: 1n, strategy }).mask(ids, { epoch: 0, sample: 0 });
    const plain = createMasker({ vocab, seed: 1n, strategy: reference(strategy) });
    expect(ours).toEqual(plain.mask(ids, { epoch: 0, sample: 0 }));
  });

  const small = (special: number[]) => ({
    size: 500,
    maskId: special.at(-1)!,
    padId: special[0]!,
    specialIds: special,
    continuationIds: [],
  });

  test.each([
    ['the token strategy', tokenMasking({ rate: 0.5 })],
    ['units', bert()],
  ])('of %s keeps maskers apart that take turns', (_name, strategy) => {
    const ids = Uint16Array.from({ length: 100 }, (_, index) => 5 + index);
    const maskers = [1n, 2n, 3n].map((seed) =>
      createMasker({ vocab: small([0, 1, 4]), seed, strategy }),
    );
    const alone = maskers.map((masker) => masker.mask(ids, { epoch: 1, sample: 2 }));
    for (let turn = 0; turn < 3; turn++) {
      const again = maskers.map((masker) => masker.mask(ids, { epoch: 1, sample: 2 }));
      expect(again).toEqual(alone);
    }
    expect(alone[0]).not.toEqual(alone[1]);
  });

  test.each([
    ['the token strategy', tokenMasking({ rate: 0.5 })],
    ['units', bert()],
  ])('of %s refuses the ids that the reference refuses, with the same error', (_name, strategy) => {
    const masker = createMasker({ vocab: small([0, 1, 4]), seed: 1n, strategy });
    const plain = Array.from({ length: 50 }, (_, index) => (index === 37 ? 500 : index + 5));
    const address = { epoch: 0, sample: 0 };
    const message = /37.*500/;
    expect(() => masker.mask(plain, address)).toThrow(message);
    for (const type of [Uint16Array, Uint32Array, Int32Array]) {
      expect(() => masker.mask(type.from(plain), address)).toThrow(message);
      const samples = [
        { ids: type.of(5, 6, 7), sample: 1 },
        { ids: type.from(plain), sample: 2 },
      ];
      const out = { inputIds: new Int32Array(60), labels: new Int32Array(60), starts: [0, 3, 60] };
      expect(() => masker.maskBatch(samples, { epoch: 0 }, out)).toThrow(message);
      // What waited is forgotten.
      expect(masker.maskBatch([], { epoch: 0 }, { ...out, starts: [0] })).toBe(0);
    }
    expect(() => masker.mask(Int32Array.of(-1), address)).toThrow(/-1/);
    expect(() => masker.mask(Uint32Array.of(2 ** 32 - 1), address)).toThrow(/4294967295/);
  });

  test('leaves scattered special ids and vast vocabularies to the reference', () => {
    const scattered = Array.from({ length: 17 }, (_, index) => index * 2);
    const strategy = tokenMasking({ rate: 0.5 });
    expect(strategy.accelerate!(vocabTables(small(scattered)))).toBeUndefined();
    expect(bert().accelerate!(vocabTables({ ...small([0, 4]), size: 2 ** 21 }))).toBeUndefined();
  });

  test('refuses a room that is too small, saying how much it needs', () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    const room = { memory, start: 0, bytes: 65536 };
    const options = { vocab: small([0, 4]), seed: 1n, strategy: bert() };
    expect(() => createMasker({ ...options, room })).toThrow(
      /^room is "65536 from 0 of 65536", expected \d+ bytes \(see kernelBytes\)/,
    );
  });

  describe('where there is no WebAssembly', () => {
    afterEach(() => {
      vi.unstubAllGlobals();
      vi.resetModules();
    });
    test.each(['token-masking', 'unit-masking'])(
      'the reference of %s takes its place',
      async (name) => {
        vi.resetModules();
        vi.stubGlobal('WebAssembly', undefined);
        const presets = await import('../strategies/presets.ts');
        const strategy = name === 'token-masking' ? presets.modernbert() : presets.bert();
        expect(strategy.accelerate!(vocabTables(small([0, 4])))).toBeUndefined();
      },
    );
  });

  test.each(kernels)('%s is what the compiler makes of its source', async (name) => {
    const inlined = new URL(`${name}-wasm.ts`, import.meta.url);
    expect(await readFile(inlined, 'utf8')).toBe(await inlinedKernel(name));
  });
});

describe('maskBatch()', () => {
  const vocab = { size: 100, maskId: 4, padId: 0, specialIds: [0, 4], continuationIds: [] };
  const masker = createMasker({ vocab, seed: 1n, strategy: tokenMasking({ rate: 0.5 }) });
  const samples = [{ ids: Uint16Array.of(5, 6, 7), sample: 1 }];
  const columns = { inputIds: new Int32Array(5), labels: new Int32Array(4) };

  test.each([
    [[0], /^out.starts is 1, expected 2 positions/],
    [[0, 2], /^out.starts\[0\] is "0 to 2", expected a place of at least 3 tokens/],
    [[-1, 3], /^out.starts\[0\] is "-1 to 3"/],
    [[0.5, 4], /^out.starts\[0\] is "0.5 to 4"/],
    [[1, 5], /^out is 4, expected columns of at least 5 tokens/],
  ])('refuses places %j', (starts, message) => {
    expect(() => masker.maskBatch(samples, { epoch: 0 }, { ...columns, starts })).toThrow(message);
  });
});
