/** @file Every preset and every kind of composition, for the laws that hold for all of them. */
import fc from 'fast-check';
import type { MaskedSample, SampleAddress } from '../masker.ts';
import { t5, ul2 } from '../strategies/denoising/presets.ts';
import {
  albert,
  bert,
  bertWholeWord,
  electra,
  megatron,
  modernbert,
  roberta,
  spanbert,
} from '../strategies/presets.ts';
import { unigramWords } from '../strategies/random-words/unigram-words.ts';
import { sentenceOrder } from '../strategies/sentence-order.ts';
import type { Strategy } from '../strategies/strategy.ts';
import type { SpanCorruptionPlan } from '../strategies/strategy-plan.ts';
import { tokenMasking } from '../strategies/token-masking.ts';
import { unitMasking } from '../strategies/unit-masking.ts';
import type { VocabTraits } from '../vocab.ts';

const onlyRandom = { mask: 0, random: 1, keep: 0 };
const column = { unit: 'column' } as const;
const unigram = { randomWords: unigramWords };

const bernoulli = (unit: 'word' | 'column') =>
  unitMasking({
    type: 'units',
    unit,
    lengths: [],
    selection: { type: 'bernoulli', select: 20_000 },
    action: { mask: 30_000, random: 50_000, per: 'unit' },
  });

/** The presets as they are. */
export const presets: readonly [name: string, strategy: Strategy][] = [
  ['tokenMasking', tokenMasking({ rate: 0.15 })],
  ['bert', bert()],
  ['bertWholeWord', bertWholeWord()],
  ['bertWholeWord of a column', bertWholeWord(column)],
  ['roberta', roberta()],
  ['spanbert', spanbert()],
  ['spanbert of a column', spanbert(column)],
  ['albert', albert()],
  ['albert of a column', albert(column)],
  ['megatron', megatron()],
  ['megatron geometric', megatron({ lengths: 'geometric' })],
  ['megatron of a column', megatron(column)],
  ['electra', electra({ maxLength: 128 })],
  ['modernbert', modernbert()],
  ['sentenceOrder(albert)', sentenceOrder(albert())],
];

/** The presets, and other compositions of their parts. */
export const strategies: readonly [name: string, strategy: Strategy][] = [
  ...presets,
  ['tokenMasking without keep', tokenMasking({ rate: 0.4, mask: 0.9, random: 0.1, keep: 0 })],
  ['tokenMasking, all random', tokenMasking({ rate: 0.9, ...onlyRandom })],
  ['tokenMasking, unigram', tokenMasking({ rate: 0.9, ...onlyRandom, ...unigram })],
  ['bert at 50 %, uncapped', bert({ rate: 0.5, maxPredictions: 1e6 })],
  ['bert at 90 %, all random', bert({ rate: 0.9, maxPredictions: 1e6, ...onlyRandom })],
  ['spanbert at 60 %', spanbert({ rate: 0.6 })],
  ['spanbert at 90 %, unigram', spanbert({ rate: 0.9, ...onlyRandom, ...unigram })],
  ['albert at 50 %, uncapped', albert({ rate: 0.5, maxPredictions: 1e6 })],
  [
    'megatron geometric at 50 %',
    megatron({ rate: 0.5, lengths: 'geometric', maxPredictions: 1e6 }),
  ],
  ['Bernoulli words', bernoulli('word')],
  ['Bernoulli units of a column', bernoulli('column')],
  ['sentenceOrder(tokenMasking)', sentenceOrder(tokenMasking({ rate: 0.3 }))],
  ['sentenceOrder(spanbert of a column)', sentenceOrder(spanbert({ rate: 0.4, ...column }))],
];

/** Ids of span corruption, from here on. */
const addedFrom = 1000;
const size = 1300;
/** Ids 0 to 4, 500 and those from 999 on are special; those from 600 on continue words. */
export const isSpecial = (id: number): boolean => id <= 4 || id === 500 || id >= 999;
export const vocab: VocabTraits = {
  size,
  maskId: 4,
  padId: 0,
  specialIds: Array.from({ length: size }, (_, id) => id).filter(isSpecial),
  continuationIds: Array.from({ length: 399 }, (_, index) => 600 + index),
  counts: Array.from({ length: size }, (_, id) => (id % 3 === 0 ? 0 : size - id)),
};

const modes = { r: addedFrom, s: addedFrom + 1, x: addedFrom + 2 };
const added = { sentinels: { first: size - 1, count: size - addedFrom - 3 }, end: 3 };

/** Span corruption: its outputs do not stand where the sample's tokens do. */
export const corruptions: readonly [name: string, strategy: Strategy<SpanCorruptionPlan>][] = [
  ['t5', t5(added)],
  [
    't5 without an end, at 50 % in short spans',
    t5({ sentinels: added.sentinels, rate: 0.5, meanLength: 1.5 }),
  ],
  ['ul2', ul2({ ...added, modes })],
  // Without the denoisers that hide one span, the end: where its length is fixed, they have nothing to draw.
  ['ul2 of several spans', ul2({ ...added, weights: [1, 1, 0, 1, 1, 0, 0] })],
];

/** A sample with all that any strategy asks for. */
export interface TestSample {
  readonly ids: readonly number[];
  readonly segment: number;
  readonly units: readonly number[];
}

// Without the ids that span corruption adds: a sample that has some can't be told from what was added.
const token = fc.record({
  id: fc.oneof(fc.nat(addedFrom - 1), fc.constantFrom(0, 1, 2, 3, 4, 500, 999)),
  begins: fc.nat(1),
});

/** Samples of two segments at least: 3 to `maxLength` tokens, special ones among them. */
export function samples(maxLength: number): fc.Arbitrary<TestSample> {
  return fc
    .tuple(fc.array(token, { minLength: 3, maxLength }), fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([tokens, where]) => ({
      ids: tokens.map(({ id }) => id),
      segment: 2 + Math.min(tokens.length - 3, Math.floor(where * (tokens.length - 2))),
      units: tokens.map(({ begins }) => begins),
    }));
}

/** A long sample without special tokens, in words and units of one to three tokens. */
export function longSample(length: number): TestSample {
  return {
    ids: Array.from({ length }, (_, index) => (index % 5 < 2 ? 600 : 5) + ((index * 7) % 395)),
    segment: length >> 1,
    units: Array.from({ length }, (_, index) => +(index % 5 < 3)),
  };
}

export const seeds: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n),
);

/** Where a mask may be drawn: any epoch, any sample id. */
export const addresses: fc.Arbitrary<Pick<SampleAddress, 'epoch'> & { readonly sample: bigint }> =
  fc.record({ epoch: fc.integer({ min: 0, max: 0xffffffff }), sample: seeds });

/** The ids of a corrupted sample without those that a plan puts before the input and behind the target. */
export function withoutAdded(
  { inputIds, labels }: MaskedSample,
  { denoisers, end }: SpanCorruptionPlan,
): { inputs: number[]; targets: number[]; mode: number | undefined; ended: boolean } {
  const [inputs, targets] = [[...inputIds], [...labels]];
  const mode = denoisers[0]!.mode === undefined ? undefined : inputs.shift();
  return { inputs, targets, mode, ended: end === undefined || targets.pop() === end };
}

/** Puts what a target has behind each sentinel in its place in the input. */
export function restored(
  inputs: readonly number[],
  targets: readonly number[],
  { sentinels: { first } }: SpanCorruptionPlan,
): number[] {
  const spans: number[][] = [];
  for (const id of targets) {
    if (id === first - spans.length) spans.push([]);
    else spans.at(-1)!.push(id);
  }
  return inputs.flatMap((id) => spans[first - id] ?? [id]);
}

/** The positions of a sample in the sequence that sentence order leaves them in. */
export function orderOf(
  { ids, segment }: TestSample,
  { sentenceLabel }: { readonly sentenceLabel?: 0 | 1 },
): number[] {
  const all = [...ids.keys()];
  return sentenceLabel === 1 ? [0, ...all.slice(segment), ...all.slice(1, segment)] : all;
}
