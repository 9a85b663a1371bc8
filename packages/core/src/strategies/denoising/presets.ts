/**
 * @file The sequence-to-sequence objectives by the names people know. Where one departs from its paper or
 * code, it says so.
 */
import { ArgumentError } from '../../errors.ts';
import type { Sentinels } from '../../vocab.ts';
import { tableOf } from '../length-table.ts';
import { partsPerMillion } from '../rate.ts';
import type { Strategy } from '../strategy.ts';
import type { SpanCorruptionPlan } from '../strategy-plan.ts';
import { thousandths } from './denoiser.ts';
import { spanCorruption } from './span-corruption.ts';

/** Options that T5 and UL2 have. */
export interface SpanCorruptionOptions {
  /** Special ids that stand for spans: the first one's id, which is the highest, and how many there are. */
  readonly sentinels: Sentinels;
  /** A special id that ends the target. Default none. */
  readonly end?: number;
}

/** Options of {@linkcode t5}. */
export interface T5Options extends SpanCorruptionOptions {
  /** Share of a sample's tokens to hide. Default 0.15. */
  readonly rate?: number;
  /** Mean tokens of a span, from 1. Default 3. */
  readonly meanLength?: number;
}

/**
 * T5's span corruption (Raffel et al. 2020, arXiv:1910.10683 §3.3.4; google-research/text-to-text-transfer-transformer
 * `preprocessors.py`, `span_corruption`): 15 % of the tokens, in spans of 3 on average; how many of each is
 * fixed by the sample's length, and every way to lay them out is as likely as any other. A sample begins with
 * tokens that are shown and ends with hidden ones. In the input, sentinels of descending ids stand for the
 * spans; the target has them followed by what they stand for.
 *
 * Departs: special tokens are not hidden, do not count, and end a span; too few sentinels are an error (T5
 * goes on into the vocabulary); shares are rounded exactly (T5 rounds products of floats); a sample is masked
 * as it is, not cut out of concatenated ones; the target ends with `end` only if given. There is no
 * `random_roll`, which T5 leaves off as well: where there is one span, it is the sample's end.
 *
 * @example
 * ```ts
 * import { createMasker, t5 } from '@maskloom/core';
 * const specialIds = [0, 1, 2, 3, 4, ...Array.from({ length: 20 }, (_, index) => 80 + index)];
 * const vocab = { size: 100, maskId: 4, padId: 0, specialIds, continuationIds: [] };
 * const strategy = t5({ sentinels: { first: 99, count: 20 }, end: 3 });
 * const masker = createMasker({ vocab, seed: 42n, strategy });
 * const { inputIds, labels } = masker.mask([17, 23, 42, 43, 44, 45, 46, 3], { epoch: 0, sample: 7 });
 * console.log(inputIds, labels); // such as 17 23 42 43 44 45 99 3 and 99 46 3
 * ```
 */
export function t5(options: T5Options): Strategy<SpanCorruptionPlan> {
  const { sentinels, end, rate = 0.15, meanLength = 3 } = options;
  return spanCorruption({
    type: 'span-corruption',
    denoisers: [spans(rate, meanLength)],
    choice: [],
    sentinels,
    ...(end === undefined ? {} : { end }),
  });
}

/** UL2's denoisers, in the order of its table 1: two R, S, four X. */
const ul2Denoisers = [
  { mode: 'r', density: 0.15, meanLength: 3 },
  { mode: 'r', density: 0.15, meanLength: 8 },
  { mode: 's', density: 0.25, meanLength: undefined },
  { mode: 'x', density: 0.5, meanLength: 3 },
  { mode: 'x', density: 0.5, meanLength: 8 },
  { mode: 'x', density: 0.15, meanLength: 64 },
  { mode: 'x', density: 0.5, meanLength: 64 },
] as const;

/** Options of {@linkcode ul2}. */
export interface Ul2Options extends SpanCorruptionOptions {
  /** Special ids in front of the input that tell which kind of denoiser made it. Default none. */
  readonly modes?: { readonly r: number; readonly s: number; readonly x: number };
  /** How often each of the seven denoisers is chosen, against the others. Default all alike. */
  readonly weights?: readonly number[];
}

/**
 * UL2's mixture of denoisers (Tay et al. 2022, arXiv:2205.05131 §3.1, table 1): for each sample one of seven,
 * in this order:
 *
 * | | hidden | mean tokens of a span |
 * | --- | --- | --- |
 * | R | 15 % | 3 |
 * | R | 15 % | 8 |
 * | S | the sample's end, 25 % on average | one span |
 * | X | 50 % | 3 |
 * | X | 50 % | 8 |
 * | X | 15 % | 64 |
 * | X | 50 % | 64 |
 *
 * Departs: spans are laid out as in {@linkcode t5} (the paper draws their lengths from a normal distribution;
 * its code is not published), and all that is said there; S, too, has a sentinel for what it hides, and its
 * length is uniform from 1 to twice its mean less 1.
 *
 * @example
 * ```ts
 * import { createMasker, ul2 } from '@maskloom/core';
 * const specialIds = [0, 1, 2, 3, 4, 5, 6, 7, ...Array.from({ length: 20 }, (_, index) => 80 + index)];
 * const vocab = { size: 100, maskId: 4, padId: 0, specialIds, continuationIds: [] };
 * const strategy = ul2({ sentinels: { first: 99, count: 20 }, end: 3, modes: { r: 5, s: 6, x: 7 } });
 * const masker = createMasker({ vocab, seed: 42n, strategy });
 * const { inputIds, labels } = masker.mask([17, 23, 42, 43, 44, 45, 46, 3], { epoch: 0, sample: 7 });
 * ```
 */
export function ul2(options: Ul2Options): Strategy<SpanCorruptionPlan> {
  const { sentinels, end, modes, weights = ul2Denoisers.map(() => 1) } = options;
  if (weights.length !== ul2Denoisers.length || !weights.every((weight) => weight >= 0)) {
    throw new ArgumentError('weights', 'seven numbers from 0', weights);
  }
  if (!(weights.reduce((sum, weight) => sum + weight, 0) > 0)) {
    throw new ArgumentError('weights', 'at least one above 0', weights);
  }
  return spanCorruption({
    type: 'span-corruption',
    denoisers: ul2Denoisers.map(({ mode, density, meanLength }) => ({
      ...(meanLength === undefined ? suffix(density) : spans(density, meanLength)),
      ...(modes === undefined ? {} : { mode: modes[mode] }),
    })),
    choice: tableOf(weights),
    sentinels,
    ...(end === undefined ? {} : { end }),
  });
}

function spans(rate: number, meanLength: number) {
  return {
    type: 'spans',
    density: partsPerMillion(rate),
    meanLength: thousandths(meanLength),
  } as const;
}

function suffix(rate: number) {
  return { type: 'suffix', density: partsPerMillion(rate) } as const;
}
