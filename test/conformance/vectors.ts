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
  roberta,
  type Strategy,
  sentenceOrder,
  spanbert,
  t5,
  tokenMasking,
  ul2,
  unitMasking,
  type VocabTraits,
} from '@maskloom/core';

/** One masked sample. */
export interface VectorCase {
  readonly seed: string;
  readonly maskEpoch: number;
  readonly sample: string;
  readonly ids: readonly number[];
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

/** Computes a strategy's vectors. */
export function computeVectors(strategy: Strategy): Vectors {
  const ordered = strategy.plan.type === 'sentence-order';
  const given = ordered ? pairs() : samples().map((ids) => [undefined, ids] as const);
  const corrupts = strategy.plan.type === 'span-corruption';
  const traits = corrupts ? sentinelVocab : vocab;
  const cases = addresses.flatMap(([seed, maskEpoch, sample]) => {
    const masker = createMasker({ vocab: traits, seed, strategy });
    return given.map(([segment, ids]): VectorCase => {
      const address = { epoch: maskEpoch, sample, ...(segment === undefined ? {} : { segment }) };
      const { inputIds, labels, ...out } = masker.mask(ids, address);
      const order =
        segment === undefined
          ? {}
          : { segment, maskedSegment: out.segment!, sentenceLabel: out.sentenceLabel! };
      const { inputs, labels: targets } = masker.capacity(ids);
      return {
        ...order,
        ...(corrupts ? { longest: [inputs, targets] as const } : {}),
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
