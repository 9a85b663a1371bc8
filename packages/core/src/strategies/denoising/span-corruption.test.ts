import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMasker } from '../../masker.ts';
import { createDraws } from '../../random/draws.ts';
import * as op from '../../random/ops.ts';
import { effectiveRate } from '../effective-rate.ts';
import { drawLength } from '../length-table.ts';
import { sentenceOrder } from '../sentence-order.ts';
import { strategyFromPlan } from '../strategy-from-plan.ts';
import type { SpanCorruptionPlan } from '../strategy-plan.ts';
import { type Denoiser, noiseCount } from './denoiser.ts';
import { t5, ul2 } from './presets.ts';
import { spanCorruption } from './span-corruption.ts';

// Ids 0 to 7 and the sentinels, 300 to 599, are special.
const sentinels = { first: 599, count: 300 };
const specialIds = [
  ...Array.from({ length: 8 }, (_, id) => id),
  ...Array.from({ length: 300 }, (_, index) => 300 + index),
];
const vocab = { size: 600, maskId: 4, padId: 0, specialIds, continuationIds: [] };
const isSpecial = (id: number) => id < 8 || id >= 300;
const isSentinel = (id: number) => id >= 300;
const end = 3;
const modes = { r: 5, s: 6, x: 7 };

const strategies = [
  ['t5', t5({ sentinels, end })],
  ['t5 without an end', t5({ sentinels })],
  ['t5 at half, short spans', t5({ sentinels, end, rate: 0.5, meanLength: 1.5 })],
  ['t5 at 1', t5({ sentinels, end, rate: 1, meanLength: 1 })],
  ['t5 at 0', t5({ sentinels, end, rate: 0 })],
  ['ul2', ul2({ sentinels, end })],
  ['ul2 with modes', ul2({ sentinels, end, modes })],
] as const;

const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const token = fc.integer({ min: 8, max: 299 });
const special = fc.integer({ min: 0, max: 4 });
const sampleIds = fc.oneof(
  fc.array(token, { maxLength: 200 }),
  fc.array(fc.oneof({ weight: 9, arbitrary: token }, { weight: 1, arbitrary: special }), {
    maxLength: 200,
  }),
);
const everywhere = fc.tuple(uint64, uint32, uint64, sampleIds);

/** The denoiser that the draws choose for a sample. */
function chosen(plan: SpanCorruptionPlan, seed: bigint, epoch: number, sample: bigint): Denoiser {
  const draw = createDraws(seed).at(epoch, sample).word(op.denoiser, 0);
  return plan.denoisers[drawLength(plan.choice, draw) - 1]!;
}

/** Python's round() of a quotient. */
function round(numerator: bigint, denominator: bigint): number {
  const twice = (2n * numerator) / denominator;
  const isHalf = 2n * numerator === twice * denominator && twice % 2n === 1n;
  const down = twice / 2n;
  return Number(isHalf ? down + (down % 2n) : (twice + 1n) / 2n);
}

/** Places where special tokens stand between two others. */
function gapsOf(ids: number[]): number {
  const marks = ids.map((id) => (isSpecial(id) ? 's' : 't')).join('');
  return marks.match(/(?<=t)s+(?=t)/g)?.length ?? 0;
}

/** Puts what stands behind each sentinel of the target in its place in the input. */
function restore(inputs: number[], targets: number[]): number[] {
  const spans = new Map<number, number[]>();
  for (const id of targets) {
    if (isSentinel(id)) spans.set(id, []);
    else [...spans.values()].at(-1)!.push(id);
  }
  return inputs.flatMap((id) => spans.get(id) ?? [id]);
}

describe.each(strategies)('%s', (_name, strategy) => {
  const { plan } = strategy;

  /** Masks a sample, and takes mode and end off again. */
  function corrupt(seed: bigint, epoch: number, sample: bigint, ids: number[]) {
    const masker = createMasker({ vocab, seed, strategy });
    const denoiser = chosen(plan, seed, epoch, sample);
    const { inputIds, labels } = masker.mask(ids, { epoch, sample });
    const inputs = [...inputIds];
    const targets = [...labels];
    if (denoiser.mode !== undefined) expect(inputs.shift()).toBe(denoiser.mode);
    if (plan.end !== undefined) expect(targets.pop()).toBe(end);
    return { inputs, targets, denoiser };
  }

  test('input and target together restore the sample', () => {
    fc.assert(
      fc.property(everywhere, ([seed, epoch, sample, ids]) => {
        const { inputs, targets } = corrupt(seed, epoch, sample, ids);
        expect(restore(inputs, targets)).toEqual(ids);
      }),
      { numRuns: 300 },
    );
  });

  test('hides no special token, shows the first token, and counts sentinels down', () => {
    fc.assert(
      fc.property(everywhere, ([seed, epoch, sample, ids]) => {
        const { inputs, targets } = corrupt(seed, epoch, sample, ids);
        expect(targets.filter((id) => isSpecial(id) && !isSentinel(id))).toEqual([]);
        const used = inputs.filter(isSentinel);
        expect(used).toEqual(used.map((_, index) => sentinels.first - index));
        expect(targets.filter(isSentinel)).toEqual(used);
        const first = ids.findIndex((id) => !isSpecial(id));
        expect(inputs.slice(0, first + 1)).toEqual(ids.slice(0, first + 1));
        // Between two sentinels there is something that is shown, or they would be one span.
        inputs.forEach((id, index) => {
          if (isSentinel(id) && index > 0) expect(isSentinel(inputs[index - 1]!)).toBe(false);
        });
      }),
    );
  });

  test('hides as much as it says, in as many spans and no more than special tokens cut', () => {
    fc.assert(
      fc.property(everywhere, ([seed, epoch, sample, ids]) => {
        const { targets, denoiser } = corrupt(seed, epoch, sample, ids);
        const tokens = ids.filter((id) => !isSpecial(id)).length;
        const spans = targets.filter(isSentinel).length;
        const noise = targets.length - spans;
        if (tokens < 2 || denoiser.density === 0) {
          expect(targets).toEqual([]);
          return;
        }
        const rounded = round(BigInt(denoiser.density) * BigInt(tokens), 1_000_000n);
        const wanted = Math.min(Math.max(rounded, 1), tokens - 1);
        const most = (whole: number) => whole + gapsOf(ids);
        if (denoiser.type === 'suffix') {
          expect(noise).toBeGreaterThanOrEqual(1);
          expect(noise).toBeLessThanOrEqual(Math.min(2 * wanted - 1, tokens - 1));
          expect(spans).toBeGreaterThanOrEqual(1);
          expect(spans).toBeLessThanOrEqual(most(1));
          return;
        }
        expect(noise).toBe(wanted);
        const drawn = Math.max(1, round(BigInt(noise) * 1000n, BigInt(denoiser.meanLength)));
        const whole = Math.min(drawn, tokens - noise);
        expect(spans).toBeGreaterThanOrEqual(whole);
        expect(spans).toBeLessThanOrEqual(most(whole));
      }),
      { numRuns: 300 },
    );
  });

  test('keeps to its capacity, which one denoiser fills where no special token cuts a span', () => {
    fc.assert(
      fc.property(everywhere, ([seed, epoch, sample, ids]) => {
        const masker = createMasker({ vocab, seed, strategy });
        const { inputIds, labels } = masker.mask(ids, { epoch, sample });
        const { inputs, labels: targets } = masker.capacity(ids);
        expect(inputIds.length).toBeLessThanOrEqual(inputs);
        expect(labels.length).toBeLessThanOrEqual(targets);
        if (plan.denoisers.length === 1 && !ids.some(isSpecial)) {
          expect([inputIds.length, labels.length]).toEqual([inputs, targets]);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('is the same whatever was masked before, and comes back from its plan', () => {
    fc.assert(
      fc.property(everywhere, sampleIds, ([seed, epoch, sample, ids], other) => {
        const again = strategyFromPlan(JSON.parse(JSON.stringify(plan)));
        expect(again.plan).toEqual(plan);
        const fresh = createMasker({ vocab, seed, strategy: again });
        const used = createMasker({ vocab, seed, strategy });
        used.mask(other, { epoch: 9, sample: 1 });
        expect(used.mask(ids, { epoch, sample })).toEqual(fresh.mask(ids, { epoch, sample }));
      }),
    );
  });

  test('never writes its input', () => {
    const masker = createMasker({ vocab, seed: 3n, strategy });
    const ids = Uint16Array.from([2, ...Array.from({ length: 40 }, (_, index) => 8 + index), 3]);
    const before = [...ids];
    masker.mask(ids, { epoch: 0, sample: 0 });
    expect([...ids]).toEqual(before);
  });

  test('leaves samples without two tokens to hide from as they are', () => {
    const masker = createMasker({ vocab, seed: 1n, strategy });
    for (const ids of [[], [2], [9], [2, 9, 3], [2, 3, 0, 0, 4]]) {
      const { inputIds, labels } = masker.mask(ids, { epoch: 0, sample: 5 });
      const shown = plan.denoisers[0]!.mode === undefined ? [...inputIds] : [...inputIds].slice(1);
      expect(shown).toEqual(ids);
      expect([...labels]).toEqual(plan.end === undefined ? [] : [end]);
    }
  });
});

const ids = Array.from({ length: 100 }, (_, index) => 8 + index);

test('spans differ from epoch to epoch, and static copies come in turn', () => {
  const strategy = t5({ sentinels, end });
  const dynamic = createMasker({ vocab, seed: 5n, strategy });
  const fixed = createMasker({ vocab, seed: 5n, strategy, mode: 'static', copies: 3 });
  const seen = new Set<string>();
  for (let epoch = 0; epoch < 30; epoch++) {
    seen.add(dynamic.mask(ids, { epoch, sample: 8 }).labels.join());
    expect(fixed.mask(ids, { epoch, sample: 8 })).toEqual(
      dynamic.mask(ids, { epoch: epoch % 3, sample: 8 }),
    );
  }
  expect(seen.size).toBe(30);
});

test('a rate that comes with a call masks as the strategy of that rate does', () => {
  const masker = createMasker({ vocab, seed: 5n, strategy: t5({ sentinels, end }) });
  for (const rate of [0, 0.05, 0.4, 1]) {
    const other = createMasker({ vocab, seed: 5n, strategy: t5({ sentinels, end, rate }) });
    expect(masker.mask(ids, { epoch: 1, sample: 2, rate })).toEqual(
      other.mask(ids, { epoch: 1, sample: 2 }),
    );
    expect(masker.capacity(ids, rate)).toEqual(other.capacity(ids));
  }
});

test('effectiveRate() is the density, or the mean of densities by their shares', () => {
  expect(effectiveRate(t5({ sentinels, rate: 0.2 }).plan)).toBe(0.2);
  const mean = (2 * 0.15 + 0.25 + 2 * 0.5 + 0.15 + 0.5) / 7;
  expect(effectiveRate(ul2({ sentinels }).plan)).toBeCloseTo(mean, 9);
  const half = [1, 1, 6, 1, 1, 1, 1];
  expect(effectiveRate(ul2({ sentinels, weights: half }).plan)).toBeCloseTo(
    (7 * mean - 0.25) / 12 + 0.125,
    9,
  );
});

describe('bad input', () => {
  const mask = (strategy: ReturnType<typeof t5>, given: number[] = ids) =>
    createMasker({ vocab, seed: 1n, strategy }).mask(given, { epoch: 0, sample: 0 });

  test('too few sentinels for a sample, whatever is drawn for it', () => {
    const few = t5({ sentinels: { first: 599, count: 4 }, end });
    expect(() => mask(few)).toThrow(
      /^strategy.sentinels.count is 4, expected at least 5, the spans that a sample of 100 tokens may have: give more sentinels/,
    );
    // 6 tokens hidden in 2 spans, and the special tokens in 3 gaps may cut them.
    const cut = [
      8,
      9,
      2,
      ...ids.slice(0, 18),
      2,
      3,
      ...ids.slice(0, 10),
      3,
      ...ids.slice(0, 10),
      3,
    ];
    expect(noiseCount(few.plan.denoisers[0]!, 40)).toEqual({ least: 6, most: 6, spans: 2 });
    expect(() => mask(few, cut)).toThrow(/expected at least 5/);
    expect(mask(t5({ sentinels: { first: 599, count: 5 }, end }), cut).labels.length).toBeLessThan(
      13,
    );
  });

  test('added ids that are no special ids of the vocabulary', () => {
    expect(() => mask(t5({ sentinels: { first: 310, count: 20 } }))).toThrow(
      /^strategy.sentinels is 299, expected a special id of the vocabulary of 600 ids/,
    );
    expect(() => mask(t5({ sentinels: { first: 600, count: 2 } }))).toThrow(
      /^strategy.sentinels is 600/,
    );
    expect(() => mask(t5({ sentinels, end: 9 }))).toThrow(/^strategy.end is 9/);
    expect(() => mask(ul2({ sentinels, modes: { r: 1, s: 9, x: 2 } }))).toThrow(
      /^strategy.denoisers\[2\].mode is 9/,
    );
  });

  test('ids that the vocabulary does not have, and arrays that are too short', () => {
    expect(() => mask(t5({ sentinels }), [8, 600])).toThrow(/^Token id 600 at position 1/);
    const masker = createMasker({ vocab, seed: 1n, strategy: t5({ sentinels }) });
    const out = { inputIds: new Int32Array(89), labels: new Int32Array(20) };
    expect(() => masker.maskInto(ids, { epoch: 0, sample: 0 }, out)).toThrow(
      /^out is "89 and 20", expected an array of at least 90 inputs and one of 20 labels/,
    );
  });

  test('a batch of aligned columns', () => {
    const masker = createMasker({ vocab, seed: 1n, strategy: t5({ sentinels }) });
    const out = { inputIds: new Int32Array(100), labels: new Int32Array(100), starts: [0, 100] };
    expect(() => masker.maskBatch([{ ids, sample: 0 }], { epoch: 0 }, out)).toThrow(
      /^strategy is "span-corruption", expected one with aligned outputs/,
    );
  });

  test('options and plans that do not hold', () => {
    expect(() => t5({ sentinels, rate: 1.5 })).toThrow(/^rate is 1.5/);
    expect(() => t5({ sentinels, meanLength: 0.9 })).toThrow(/^meanLength is 0.9/);
    expect(() => t5({ sentinels: { first: 9, count: 11 } })).toThrow(
      /^strategy.sentinels.count is 11, expected an integer from 1 to 10/,
    );
    expect(() => t5({ sentinels: undefined as never })).toThrow(
      /^strategy.sentinels.first is missing/,
    );
    expect(() => ul2({ sentinels, weights: [1, 2] })).toThrow(/^weights is/);
    expect(() => ul2({ sentinels, weights: [0, 0, 0, 0, 0, 0, 0] })).toThrow(
      /at least one above 0/,
    );
    const { plan } = ul2({ sentinels, end });
    const from = (change: object) => () => spanCorruption({ ...plan, ...change });
    expect(from({ denoisers: [] })).toThrow(/^strategy.denoisers is/);
    expect(from({ choice: [1] })).toThrow(/^strategy.choice is .* expected 6 thresholds/);
    expect(from({ end: -1 })).toThrow(/^strategy.end is -1/);
    const denoisers = (change: object) => from({ denoisers: [change], choice: [] });
    expect(denoisers({ type: 'prefix' })).toThrow(/^strategy.denoisers\[0\].type is "prefix"/);
    expect(denoisers({ type: 'spans', density: 2e6 })).toThrow(/^strategy.denoisers\[0\].density/);
    expect(denoisers({ type: 'spans', density: 1, meanLength: 999 })).toThrow(
      /^strategy.denoisers\[0\].meanLength is 999/,
    );
  });

  test('a rate for several denoisers, and sentence order over it', () => {
    expect(() => ul2({ sentinels }).atRate(150_000)).toThrow(
      /^rate is 0.15, expected none with several denoisers/,
    );
    expect(() => sentenceOrder(t5({ sentinels }))).toThrow(/^masking is "span-corruption"/);
  });
});
