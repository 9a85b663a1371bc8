/**
 * @file Golden vectors: what each preset makes of fixed samples. Changing one is a breaking change of the
 * stream; vectors.test.ts says how to add some.
 */
import {
  albert,
  bert,
  bertWholeWord,
  createMasker,
  electra,
  megatron,
  modernbert,
  requirementsOf,
  roberta,
  type Strategy,
  sentenceOrder,
  spanbert,
  t5,
  tokenMasking,
  ul2,
  unigramWords,
  unitMasking,
  type VocabTraits,
} from '@maskloom/core';

/** One masked sample. */
export interface VectorCase {
  readonly seed: string;
  readonly maskEpoch: number;
  readonly sample: string;
  readonly ids: readonly number[];
  /** With units of a column: 1 where one begins. */
  readonly units?: readonly number[];
  readonly inputIds: readonly number[];
  readonly labels: readonly number[];
  /** With sentence order: where the second segment starts before and after, and the label. */
  readonly segment?: number;
  readonly maskedSegment?: number;
  readonly sentenceLabel?: 0 | 1;
  /** With span corruption: the longest input and target that the sample could give. */
  readonly longest?: readonly [inputs: number, labels: number];
}

/** A file of vectors. */
export interface Vectors {
  readonly strategy: Strategy['plan'];
  readonly vocab: VocabTraits;
  readonly cases: readonly VectorCase[];
}

const end = 3;

/** The strategies that have vectors, by the names of their files. */
export const vectorStrategies: Readonly<Record<string, Strategy>> = {
  token: tokenMasking({ rate: 0.15 }),
  'token-without-keep': tokenMasking({ rate: 0.4, mask: 0.9, random: 0.1, keep: 0 }),
  'token-all': tokenMasking({ rate: 1 }),
  bert: bert(),
  'bert-whole-word': bertWholeWord(),
  roberta: roberta(),
  spanbert: spanbert(),
  albert: albert({ maxPredictions: 60 }),
  megatron: megatron(),
  'megatron-geometric': megatron({ lengths: 'geometric', maxPredictions: 60 }),
  electra: electra({ maxLength: 128 }),
  modernbert: modernbert(),
  'sentence-order': sentenceOrder(albert()),
  'word-bernoulli': unitMasking({
    type: 'units',
    unit: 'word',
    lengths: [],
    selection: { type: 'bernoulli', select: 9830 },
    action: { mask: 52428, random: 58982, per: 'unit' },
  }),
  t5: t5({ sentinels: { first: 449, count: 50 }, end }),
  't5-short-spans': t5({ sentinels: { first: 449, count: 50 }, rate: 0.4, meanLength: 1.3 }),
  ul2: ul2({ sentinels: { first: 449, count: 47 }, end, modes: { r: 400, s: 401, x: 402 } }),
  'bert-whole-word-column': bertWholeWord({ unit: 'column' }),
  'spanbert-column': spanbert({ unit: 'column' }),
  'token-unigram': tokenMasking({
    rate: 0.5,
    mask: 0,
    random: 0.9,
    keep: 0.1,
    randomWords: unigramWords,
  }),
  'megatron-unigram': megatron({ randomWords: unigramWords, mask: 0.2, random: 0.7 }),
  'sentence-order-column': sentenceOrder(albert({ unit: 'column', rate: 0.4 })),
};

const continuationIds = Array.from({ length: 120 }, (_, index) => 280 + index);
const vocab: VocabTraits = {
  size: 400,
  maskId: 4,
  padId: 0,
  specialIds: [0, 1, 2, 3, 4],
  continuationIds,
};

/** The same with 50 more special ids, for sentinels and modes. */
const sentinelVocab: VocabTraits = {
  ...vocab,
  size: 450,
  specialIds: [...vocab.specialIds, ...Array.from({ length: 50 }, (_, index) => 400 + index)],
};
/** Counts that sum to more than 2^32, so that they are halved, with ids that never occur. */
const counts = Array.from({ length: vocab.size }, (_, id) =>
  id % 7 === 0 ? 0 : (id * id * 7919 + 12345) * (id % 5 === 0 ? 64 : 1),
);

const addresses: readonly [seed: bigint, maskEpoch: number, sample: bigint][] = [
  [0n, 0, 0n],
  [42n, 3, 17n],
  [2n ** 32n, 1, 2n ** 32n],
  [2n ** 64n - 1n, 2 ** 32 - 1, 2n ** 64n - 1n],
];

/** Samples of 0, 1, 2, 30, 70 and 128 tokens, with special tokens at the ends and in the middle. */
function samples(): number[][] {
  return [0, 1, 2, 30, 70, 128].map((length) =>
    Array.from({ length }, (_, position) => {
      if (position === 0) return 2;
      if (position === length - 1 || position === 41) return 3;
      return 5 + ((position * position * 31 + position * 17 + length) % 395);
    }),
  );
}

/** Samples of two segments: where the second starts, and the ids. */
function pairs(): [segment: number, ids: number[]][] {
  return samples()
    .filter((ids) => ids.length >= 30)
    .map((ids, index) => {
      const segment = 9 + 7 * index;
      return [segment, ids.map((id, position) => (position === segment - 1 ? 3 : id))];
    });
}

/** A column in which units have one token or two, also where a special token or the start is between. */
function unitsOf(ids: readonly number[]): number[] {
  return ids.map((id, position) => +((id + position) % 3 !== 0));
}

/** Computes a strategy's vectors. */
export function computeVectors(strategy: Strategy): Vectors {
  const needs = requirementsOf(strategy.plan);
  const corrupts = strategy.plan.type === 'span-corruption';
  const traits = corrupts ? sentinelVocab : needs.counts ? { ...vocab, counts } : vocab;
  const given = needs.segment ? pairs() : samples().map((ids) => [undefined, ids] as const);
  const cases = addresses.flatMap(([seed, maskEpoch, sample]) => {
    const masker = createMasker({ vocab: traits, seed, strategy });
    return given.map(([segment, ids]): VectorCase => {
      const units = needs.units ? { units: unitsOf(ids) } : {};
      const address = { epoch: maskEpoch, sample, segment, ...units };
      const { inputIds, labels, ...out } = masker.mask(ids, address);
      const order =
        segment === undefined
          ? {}
          : { segment, maskedSegment: out.segment!, sentenceLabel: out.sentenceLabel! };
      const { inputs, labels: targets } = masker.capacity(ids);
      return {
        ...order,
        ...(corrupts ? { longest: [inputs, targets] as const } : {}),
        ...units,
        seed: String(seed),
        maskEpoch,
        sample: String(sample),
        ids,
        inputIds: [...inputIds],
        labels: [...labels],
      };
    });
  });
  return { strategy: strategy.plan, vocab: traits, cases };
}
