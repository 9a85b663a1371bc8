import { ArgumentError } from './errors.ts';
import { type Mode, maskEpoch, toMode } from './mode.ts';
import { createDraws } from './random/draws.ts';
import { toUint32, toUint64, type Uint64 } from './random/uint64.ts';
import { checkRate } from './strategies/action.ts';
import { missingCounts } from './strategies/random-words.ts';
import { requirementsOf } from './strategies/requirements.ts';
import type { MaskedOutput, Strategy } from './strategies/strategy.ts';
import { type VocabTraits, vocabTables } from './vocab.ts';

/** Options of {@linkcode createMasker}. */
export interface MaskerOptions {
  /** What masking needs to know of the tokenizer. */
  readonly vocab: VocabTraits;
  /** 0 to 2^64-1; 0 is a seed like any other. */
  readonly seed: Uint64;
  /** What to hide, such as `tokenMasking({ rate: 0.15 })`. */
  readonly strategy: Strategy;
  /** `dynamic` (default): new masks each epoch; `static`: the same `copies` sets of masks in turn. */
  readonly mode?: 'dynamic' | 'static';
  /** Number of sets of masks in static mode. Default 1. */
  readonly copies?: number;
}

/** Which sample, in which epoch: with the seed, all that a mask depends on. */
export interface SampleAddress {
  /** 0 to 2^32-1. */
  readonly epoch: number;
  /** 0 to 2^64-1, the same each time this sample is seen. */
  readonly sample: Uint64;
  /** For objectives with sentence order: where the second segment starts. */
  readonly segment?: number | undefined;
  /**
   * For strategies whose units are a column, such as words of a byte-level tokenizer, or entities: for each
   * token 1 where a unit begins, 0 where it belongs to the unit of the token before.
   */
  readonly units?: ArrayLike<number> | undefined;
  /**
   * For schedules: the share of tokens to select in this call, instead of the strategy's; to the nearest
   * millionth. Not in static mode, whose masks are the same each time.
   */
  readonly rate?: number | undefined;
}

/** A masked sample of `length` tokens. */
export interface MaskedSample {
  /** Int32[length]: the ids the model sees. */
  readonly inputIds: Int32Array;
  /** Int32[length]: the original id where a token was selected, -100 elsewhere. */
  readonly labels: Int32Array;
  /** For objectives with sentence order: where the second segment starts now. */
  readonly segment?: number;
  /** For objectives with sentence order: 0 for the order of the text, 1 for swapped. */
  readonly sentenceLabel?: 0 | 1;
}

/** Masks samples; a pure function of (seed, strategy, mode, vocab) and the address. */
export interface Masker {
  readonly seed: bigint;
  readonly strategy: Strategy;
  readonly mode: Mode;
  /**
   * Masks a sample's ids. The input is never written.
   *
   * @throws {TokenIdError} for an id the vocabulary does not have.
   * @throws {ArgumentError} for an epoch, sample or rate out of range, a rate in static mode, or a column of
   *   units that is missing, not as long as the sample, or holds anything but 0 and 1.
   */
  mask(ids: ArrayLike<number>, address: SampleAddress): MaskedSample;
  /**
   * Masks a sample into the caller's arrays, each at least as long as the sample; returns how many
   * tokens were selected.
   */
  maskInto(ids: ArrayLike<number>, address: SampleAddress, out: MaskedOutput): number;
}

/**
 * Makes a masker.
 *
 * @throws {ArgumentError} for vocab traits, a seed or a mode that do not hold, or a strategy with random words
 *   from the unigram distribution and vocab traits without counts.
 *
 * @example
 * ```ts
 * import { createMasker, tokenMasking } from '@maskloom/core';
 * const vocab = { size: 100, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [] };
 * const masker = createMasker({ vocab, seed: 42n, strategy: tokenMasking({ rate: 0.15 }) });
 * const { inputIds, labels } = masker.mask([2, 17, 23, 42, 3], { epoch: 3, sample: 17n });
 * ```
 */
export function createMasker(options: MaskerOptions): Masker {
  const { strategy } = options;
  const seed = toUint64('seed', options.seed);
  const mode = toMode(options);
  const vocab = vocabTables(options.vocab);
  if (requirementsOf(strategy.plan).counts && vocab.cumulative === undefined) throw missingCounts();
  const draws = createDraws(seed);
  const prepare = (strategy: Strategy) => ({ strategy, fast: strategy.accelerate?.(vocab) });
  const given = prepare(strategy);
  // Calls come with the same rate for a while: a batch, or an epoch.
  let scheduled = given;
  let scheduledRate = -1;

  function atRate(rate: number): typeof given {
    if (mode.mode === 'static') {
      throw new ArgumentError('rate', 'none in static mode', rate, 'give the strategy a rate');
    }
    if (rate !== scheduledRate) {
      scheduled = prepare(strategy.atRate(Math.round(checkRate(rate) * 1_000_000)));
      scheduledRate = rate;
    }
    return scheduled;
  }

  function maskInto(ids: ArrayLike<number>, address: SampleAddress, out: MaskedOutput): number {
    const room = Math.min(out.inputIds.length, out.labels.length);
    if (room < ids.length) {
      throw new ArgumentError('out', `arrays of at least ${ids.length} tokens`, room);
    }
    draws.at(maskEpoch(mode, toUint32('epoch', address.epoch)), address.sample);
    const input = { ids, segment: address.segment, units: address.units };
    const { strategy, fast } = address.rate === undefined ? given : atRate(address.rate);
    return fast === undefined
      ? strategy.mask(input, draws, vocab, out)
      : fast(input, draws, vocab, out);
  }

  return {
    seed,
    strategy,
    mode,
    maskInto,
    mask(ids, address) {
      const out: MaskedOutput & MaskedSample = {
        inputIds: new Int32Array(ids.length),
        labels: new Int32Array(ids.length),
      };
      maskInto(ids, address, out);
      return out;
    },
  };
}
