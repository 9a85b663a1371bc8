/**
 * @file What holds for every strategy, whatever the sample, the seed and the address.
 *
 * A law is tried 200 times for each strategy under MASKLOOM_FULL=1, and else 20 times: over the strategies that share its
 * code that is some hundred times, on other samples in each run.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMasker, type MaskedSample } from '../masker.ts';
import { createDraws } from '../random/draws.ts';
import { full } from '../testing/full.ts';
import {
  addresses,
  corruptions,
  isSpecial,
  longSample,
  orderOf,
  presets,
  restored,
  samples,
  seeds,
  strategies,
  type TestSample,
  vocab,
  withoutAdded,
} from '../testing/strategies.ts';
import { vocabTables } from '../vocab.ts';
import { budgetOf } from './selection.ts';
import { ignoredLabel, type MaskedOutput, type Strategy } from './strategy.ts';
import { strategyFromPlan } from './strategy-from-plan.ts';
import type { UnitStrategyPlan } from './strategy-plan.ts';
import { splitUnits, unitsOfLength } from './units.ts';

fc.configureGlobal({ numRuns: full ? 200 : 20 });

const tables = vocabTables(vocab);
/** Plain arrays go to the reference, typed ones to the kernel where there is one. */
const typed = fc.constantFrom<((ids: readonly number[]) => ArrayLike<number>)[]>(
  (ids) => [...ids],
  (ids) => Uint16Array.from(ids),
  (ids) => Uint32Array.from(ids),
  (ids) => Int32Array.from(ids),
);

/** Masks a sample, the input in any kind of array. */
function mask(
  strategy: Strategy,
  seed: bigint,
  { ids, ...columns }: TestSample,
  address: { readonly epoch: number; readonly sample: bigint },
  as = (ids: readonly number[]): ArrayLike<number> => ids,
): MaskedSample {
  const masker = createMasker({ vocab, seed, strategy });
  return masker.mask(as(ids), { ...address, ...columns });
}

const shown = ({ inputIds, labels, sentenceLabel }: MaskedSample) =>
  `${inputIds.join()} ${labels.join()} ${sentenceLabel}`;
const selectedOf = ({ labels }: MaskedSample) =>
  [...labels.keys()].filter((position) => labels[position] !== ignoredLabel);

/** The plan of what masks, under any sentence order. */
function maskingOf({ plan }: Strategy) {
  return plan.type === 'sentence-order' ? plan.masking : plan;
}

/** A budget's plan; undefined for Bernoulli selection. */
function budgetPlan(strategy: Strategy) {
  const plan = maskingOf(strategy);
  return plan.type === 'units' && plan.selection.type === 'budget'
    ? { ...plan, selection: plan.selection }
    : undefined;
}

/** The units of a masked sample, as [start, end), in the order of its tokens. */
function unitsOf(plan: UnitStrategyPlan, sample: TestSample, order: readonly number[]) {
  const ids = order.map((position) => sample.ids[position]!);
  const column = order.map((position) => sample.units[position]!);
  const units = unitsOfLength(ids.length);
  splitUnits(plan.unit, { ids, segment: undefined, units: column }, tables, units);
  return Array.from({ length: units.count }, (_, unit) => [units.start[unit]!, units.end[unit]!]);
}

/** Whether calls may come with a rate: denoisers of a mixture have their own. */
function takesRate({ plan }: Strategy): boolean {
  return plan.type !== 'span-corruption' || plan.denoisers.length === 1;
}

const all = [...strategies, ...corruptions];
describe.each(all)('%s', (_name, strategy) => {
  const ordinary = longSample(160);

  test('is the same whatever was masked before, in any kind of array, and from its plan', () => {
    const others = fc.array(fc.tuple(samples(60), addresses, fc.nat(100)), { maxLength: 4 });
    fc.assert(
      fc.property(seeds, samples(120), addresses, others, typed, (seed, sample, at, before, as) => {
        const used = createMasker({ vocab, seed, strategy });
        for (const [{ ids, ...columns }, other, percent] of before) {
          const rate = takesRate(strategy) ? { rate: percent / 100 } : {};
          used.mask(ids, { ...other, ...columns });
          used.mask(Uint16Array.from(ids), { ...other, ...columns, ...rate });
        }
        const plan = JSON.parse(JSON.stringify(strategy.plan));
        const { ids, ...columns } = sample;
        const given = as(ids);
        const masked = used.mask(given, { ...at, ...columns });
        expect(masked).toEqual(mask(strategyFromPlan(plan), seed, sample, at));
        expect(Array.from(given)).toEqual(ids);
      }),
    );
  });

  test('in static mode shows each of k copies floor(E/k) or ceil(E/k) times, copy j as dynamic epoch j', () => {
    const cases = fc.record({ copies: fc.integer({ min: 1, max: 12 }), epochs: fc.nat(30) });
    const { ids, ...columns } = ordinary;
    fc.assert(
      fc.property(seeds, seeds, cases, (seed, sample, { copies, epochs }) => {
        const fixed = createMasker({ vocab, seed, strategy, mode: 'static', copies });
        const times = new Map<string, number>();
        for (let epoch = 0; epoch < epochs; epoch++) {
          const copy = shown(fixed.mask(ids, { epoch, sample, ...columns }));
          times.set(copy, (times.get(copy) ?? 0) + 1);
        }
        const expected = new Map<string, number>();
        for (let copy = 0; copy < Math.min(copies, epochs); copy++) {
          const variant = shown(mask(strategy, seed, ordinary, { epoch: copy, sample }));
          const shows = Math.floor(epochs / copies) + (copy < epochs % copies ? 1 : 0);
          expected.set(variant, (expected.get(variant) ?? 0) + shows);
        }
        expect(times).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  test('takes every seed, as a number or a bigint', () => {
    const { ids, ...columns } = ordinary;
    fc.assert(
      fc.property(fc.maxSafeNat(), (seed) => {
        const masked = [seed, BigInt(seed)].map((given) =>
          createMasker({ vocab, seed: given, strategy }).mask(ids, {
            epoch: 0,
            sample: seed,
            ...columns,
          }),
        );
        expect(masked[0]).toEqual(masked[1]);
      }),
      { examples: [[0], [Number.MAX_SAFE_INTEGER]] },
    );
  });
});

// Several of ul2's denoisers may leave nothing to draw, so that its masks may be alike; 'ul2 of several spans' is here.
describe.each(all.filter(([name]) => name !== 'ul2'))('%s', (_name, strategy) => {
  const ordinary = longSample(160);

  test('masks anew in each epoch of dynamic mode', () => {
    const seen = new Set<string>();
    for (let epoch = 0; epoch < 100; epoch++) {
      seen.add(shown(mask(strategy, 7n, ordinary, { epoch, sample: 3n })));
    }
    expect(seen.size).toBe(100);
  });

  test('has other masks at neighbouring seeds, epochs and samples, however they are added up', () => {
    const inner = fc.record({
      seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 2n }),
      epoch: fc.integer({ min: 1, max: 0xfffffffe }),
      sample: fc.bigInt({ min: 1n, max: 2n ** 64n - 2n }),
    });
    fc.assert(
      fc.property(inner, ({ seed, epoch, sample }) => {
        const at = (s: bigint, e: number, i: bigint) =>
          shown(mask(strategy, s, ordinary, { epoch: e, sample: i }));
        const seen = [
          at(seed, epoch, sample),
          at(seed + 1n, epoch, sample - 1n),
          at(seed + 1n, epoch - 1, sample),
          at(seed, epoch + 1, sample - 1n),
          at(seed + 1n, epoch, sample),
          at(seed, epoch + 1, sample),
          at(seed, epoch, sample + 1n),
        ];
        expect(new Set(seen).size).toBe(seen.length);
      }),
    );
  });
});

describe.each(strategies)('%s', (_name, strategy) => {
  const ordered = strategy.plan.type === 'sentence-order';

  test('never touches nor draws special tokens, and its labels restore the original', () => {
    fc.assert(
      fc.property(seeds, samples(200), addresses, typed, (seed, sample, address, as) => {
        const masked = mask(strategy, seed, sample, address, as);
        expect(masked.inputIds.length).toBe(sample.ids.length);
        orderOf(sample, masked).forEach((origin, position) => {
          const id = sample.ids[origin]!;
          const label = masked.labels[position]!;
          const input = masked.inputIds[position]!;
          if (isSpecial(id)) expect([input, label]).toEqual([id, ignoredLabel]);
          expect(label === ignoredLabel ? input : label).toBe(id);
          if (input !== id && input !== vocab.maskId) expect(isSpecial(input)).toBe(false);
        });
      }),
    );
  });

  test('is the same in a batch of any samples and widths as by itself', () => {
    const rows = fc.array(fc.tuple(samples(80), seeds, fc.nat(20), typed), { maxLength: 8 });
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 0xffffffff }), rows, (seed, epoch, given) => {
        const starts = [0];
        for (const [{ ids }, , padding] of given)
          starts.push(starts.at(-1)! + ids.length + padding);
        const tokens = starts.at(-1)!;
        const inputIds = new Int32Array(tokens);
        const labels = new Int32Array(tokens);
        const segments = new Uint32Array(given.length);
        const sentenceLabels = new Uint8Array(given.length);
        const out = { inputIds, labels, starts, ...(ordered ? { segments, sentenceLabels } : {}) };
        const batch = given.map(([{ ids, ...columns }, sample, , as]) => ({
          ids: as(ids),
          sample,
          ...columns,
        }));
        const selected = createMasker({ vocab, seed, strategy }).maskBatch(batch, { epoch }, out);
        let total = 0;
        given.forEach(([given, sample, padding], row) => {
          const alone = mask(strategy, seed, given, { epoch, sample });
          total += selectedOf(alone).length;
          const start = starts[row]!;
          const end = starts[row + 1]! - padding;
          expect(inputIds.slice(start, end)).toEqual(alone.inputIds);
          expect(labels.slice(start, end)).toEqual(alone.labels);
          const pads = [inputIds, labels].map((column) => [...column.slice(end, end + padding)]);
          expect(pads).toEqual([vocab.padId, ignoredLabel].map((pad) => Array(padding).fill(pad)));
          if (!ordered) return;
          expect([segments[row], sentenceLabels[row]]).toEqual([
            alone.segment,
            alone.sentenceLabel,
          ]);
        });
        expect(selected).toBe(total);
      }),
    );
  });

  test('leaves samples of special tokens alone, and takes the shortest there are', () => {
    const special = { ids: [2, 0, 3, 4, 1, 3], segment: 3, units: [1, 0, 1, 0, 1, 0] };
    const shortest = ordered
      ? [
          [2, 3, 3],
          [2, 9, 3],
          [2, 9, 8, 3, 3],
        ]
      : [[], [2], [9], [2, 9, 3]];
    fc.assert(
      fc.property(seeds, addresses, typed, (seed, address, as) => {
        const masked = mask(strategy, seed, special, address, as);
        expect(selectedOf(masked)).toEqual([]);
        const order = orderOf(special, masked);
        expect([...masked.inputIds]).toEqual(order.map((position) => special.ids[position]));
        for (const ids of shortest) {
          const short = { ids, segment: 2, units: ids.map(() => 1) };
          const { inputIds, labels } = mask(strategy, seed, short, address, as);
          expect([inputIds.length, labels.length]).toEqual([ids.length, ids.length]);
        }
      }),
    );
  });

  test('selects nothing at rate 0, and at rate 1 all that its budget allows', () => {
    const plan = budgetPlan(strategy);
    fc.assert(
      fc.property(seeds, samples(120), addresses, (seed, sample, address) => {
        const none = mask(strategy.atRate(0), seed, sample, address);
        expect(selectedOf(none)).toEqual([]);
        const order = orderOf(sample, none);
        expect([...none.inputIds]).toEqual(order.map((position) => sample.ids[position]));

        const all = mask(strategy.atRate(1_000_000), seed, sample, address);
        const candidates = sample.ids.filter((id) => !isSpecial(id)).length;
        const selected = selectedOf(all).length;
        const most = plan?.selection.most ?? Number.POSITIVE_INFINITY;
        expect(selected).toBeLessThanOrEqual(Math.min(most, candidates));
        // A cap below a unit's size, and spans that are dropped, leave some of it.
        const whole = plan === undefined || plan.unit === 'token' || most >= candidates;
        const dropped =
          plan !== undefined && plan.lengths.length > 0 && plan.selection.overlap === 'drop';
        if (whole && !dropped) expect(selected).toBe(Math.min(most, candidates));
      }),
    );
  });
});

const ofUnits = strategies.flatMap(([name, strategy]) => {
  const plan = maskingOf(strategy);
  return plan.type === 'units' ? [{ name, strategy, plan }] : [];
});
describe.each(ofUnits)('$name', ({ strategy, plan }) => {
  test('keeps its budget, spends what it can, and never splits a unit', () => {
    fc.assert(
      fc.property(seeds, samples(200), addresses, (seed, sample, address) => {
        const masked = mask(strategy, seed, sample, address);
        const selected = selectedOf(masked);
        const units = unitsOf(plan, sample, orderOf(sample, masked));
        const left = units.filter(([start]) => masked.labels[start!] === ignoredLabel);
        for (const [start, end] of units) {
          const hidden = [...masked.labels.subarray(start, end)].map((l) => l !== ignoredLabel);
          expect(new Set(hidden).size).toBe(1);
        }
        const { selection, lengths } = plan;
        if (selection.type === 'bernoulli') return;
        const draws = createDraws(seed).at(address.epoch, address.sample);
        const budget = budgetOf(selection, sample.ids.length, draws);
        expect(selected.length).toBeLessThanOrEqual(budget);
        // What is left of the budget is too small for any unit, unless spans were dropped for meeting others.
        if (lengths.length > 0 && selection.overlap === 'drop') return;
        for (const [start, end] of left)
          expect(end! - start!).toBeGreaterThan(budget - selected.length);
      }),
    );
  });
});

// Padding belongs to a batch, and the loader shows none to a strategy; this is of pad tokens in the sample
// itself. A budget counts them, as it counts all special tokens, and sentence order swaps them.
const unordered = strategies.filter(([, { plan }]) => plan.type !== 'sentence-order');
describe.each(unordered)('%s', (_name, strategy) => {
  test('moves no mask for pad tokens behind the sample, but for those that a larger budget adds', () => {
    const plan = budgetPlan(strategy);
    fc.assert(
      fc.property(seeds, samples(120), fc.nat(40), addresses, (seed, sample, pads, address) => {
        const padded = {
          ...sample,
          ids: [...sample.ids, ...Array<number>(pads).fill(vocab.padId)],
          units: [...sample.units, ...Array<number>(pads).fill(1)],
        };
        const alone = mask(strategy, seed, sample, address);
        const { length } = sample.ids;
        const { inputIds, labels } = mask(strategy, seed, padded, address);
        expect([...inputIds.subarray(length)]).toEqual(Array(pads).fill(vocab.padId));
        expect([...labels.subarray(length)]).toEqual(Array(pads).fill(ignoredLabel));
        const draws = createDraws(seed).at(address.epoch, address.sample);
        const budgets = [length, length + pads].map((tokens) =>
          plan === undefined ? 0 : budgetOf(plan.selection, tokens, draws),
        );
        const begins = { inputIds: inputIds.slice(0, length), labels: labels.slice(0, length) };
        if (budgets[0] === budgets[1]) expect(begins).toEqual(alone);
        else if (plan?.unit === 'token') {
          // A larger budget only adds to what a smaller one selects.
          for (const position of selectedOf(alone)) {
            expect(labels[position]).toBe(alone.labels[position]);
            expect(inputIds[position]).toBe(alone.inputIds[position]);
          }
        }
      }),
    );
  });
});

// Span corruption has these laws in a form of its own; how much it hides is in denoising/span-corruption.test.ts.
describe.each(corruptions)('%s', (_name, strategy) => {
  const { plan } = strategy;
  const modes = plan.denoisers.map(({ mode }) => mode);

  test('hides no special token, and its input and target restore the original', () => {
    fc.assert(
      fc.property(seeds, samples(200), addresses, typed, (seed, sample, address, as) => {
        const masked = mask(strategy, seed, sample, address, as);
        const { inputs, targets, mode, ended } = withoutAdded(masked, plan);
        expect(ended).toBe(true);
        expect(modes).toContain(mode);
        const { first, count } = plan.sentinels;
        const isSentinel = (id: number) => id <= first && id > first - count;
        const hidden = targets.filter((id) => !isSentinel(id));
        expect(hidden.filter(isSpecial)).toEqual([]);
        expect(restored(inputs, targets, plan)).toEqual(sample.ids);
      }),
    );
  });

  test('is the same in outputs of any lengths, which it tells; and in no batch of columns', () => {
    const more = fc.nat(20);
    fc.assert(
      fc.property(seeds, samples(80), addresses, more, more, (seed, sample, address, a, b) => {
        const alone = mask(strategy, seed, sample, address);
        const masker = createMasker({ vocab, seed, strategy });
        const { inputs, labels } = masker.capacity(sample.ids);
        const out: MaskedOutput = {
          inputIds: new Uint16Array(inputs + a).fill(7),
          labels: new Int32Array(labels + b).fill(8),
        };
        masker.maskInto(sample.ids, address, out);
        const [inputLength, labelLength] = [out.inputLength!, out.labelLength!];
        expect([...out.inputIds.slice(0, inputLength)]).toEqual([...alone.inputIds]);
        expect(out.labels.slice(0, labelLength)).toEqual(alone.labels);
        expect(out.inputIds.slice(inputLength).every((id) => id === 7)).toBe(true);
        expect(out.labels.slice(labelLength).every((label) => label === 8)).toBe(true);
        const columns = { inputIds: out.inputIds, labels: out.labels, starts: [0] };
        expect(() => masker.maskBatch([], address, columns)).toThrow(
          /^strategy is "span-corruption"/,
        );
      }),
    );
  });

  test('leaves samples of special tokens alone, and takes the shortest there are', () => {
    fc.assert(
      fc.property(seeds, addresses, typed, (seed, address, as) => {
        for (const ids of [[2, 0, 3, 4, 1, 3], [], [2], [9], [2, 9, 3]]) {
          const sample = { ids, segment: 2, units: ids.map(() => 1) };
          const masked = mask(strategy, seed, sample, address, as);
          const { inputs, targets } = withoutAdded(masked, plan);
          expect([inputs, targets]).toEqual([ids, []]);
        }
      }),
    );
  });

  test('hides nothing at rate 0, and at rate 1 all but a token; a mixture has no rate', () => {
    if (!takesRate(strategy)) {
      expect(() => strategy.atRate(0)).toThrow(/^rate is 0, expected none with several denoisers/);
      return;
    }
    fc.assert(
      fc.property(seeds, samples(120), addresses, (seed, sample, address) => {
        const none = mask(strategy.atRate(0), seed, sample, address);
        const { inputs, targets } = withoutAdded(none, plan);
        expect([inputs, targets]).toEqual([sample.ids, []]);
        const all = mask(strategy.atRate(1_000_000), seed, sample, address);
        const candidates = sample.ids.filter((id) => !isSpecial(id)).length;
        const hidden = withoutAdded(all, plan).targets.filter((id) => !isSpecial(id)).length;
        expect(hidden).toBe(candidates < 2 ? 0 : candidates - 1);
      }),
    );
  });

  test('moves no span for pad tokens behind the sample', () => {
    fc.assert(
      fc.property(seeds, samples(120), fc.nat(40), addresses, (seed, sample, count, address) => {
        const pads = Array<number>(count).fill(vocab.padId);
        const alone = mask(strategy, seed, sample, address);
        const padded = mask(strategy, seed, { ...sample, ids: [...sample.ids, ...pads] }, address);
        expect([...padded.inputIds]).toEqual([...alone.inputIds, ...pads]);
        expect(padded.labels).toEqual(alone.labels);
      }),
    );
  });
});

test('every preset is among these', async () => {
  const names = [presets, corruptions].flatMap((table) => table.map(([name]) => name));
  const modules = [await import('./presets.ts'), await import('./denoising/presets.ts')];
  for (const preset of modules.flatMap((module) => Object.keys(module))) {
    expect(names.some((name) => name.startsWith(preset))).toBe(true);
  }
});
