import { ArgumentError } from './errors.ts';
import type { KernelRoom } from './kernel/kernel-memory.ts';
import { type Mode, maskEpoch, toMode } from './mode.ts';
import { createDraws } from './random/draws.ts';
import { toUint64, type Uint64 } from './random/uint64.ts';
import { partsPerMillion } from './strategies/rate.ts';
import {
  type Arrangement,
  type Columns,
  ignoredLabel,
  type MaskedOutput,
  type OutputLengths,
  type Strategy,
  type StrategyInput,
} from './strategies/strategy.ts';
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
  /**
   * Part of a `WebAssembly.Memory` to work in: output columns in that memory are then written without a copy. See
   * `kernelBytes`. Default a memory that the maskers of this thread share.
   */
  readonly room?: KernelRoom;
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

/** One sample of a batch. */
export interface BatchSample {
  /** Token ids, special tokens included; typed arrays are fast. */
  readonly ids: ArrayLike<number>;
  /** 0 to 2^64-1, the same each time this sample is seen. */
  readonly sample: Uint64;
  /** For objectives with sentence order: where the second segment starts. */
  readonly segment?: number | undefined;
  /** For strategies whose units are a column: for each token 1 where a unit begins, else 0. */
  readonly units?: ArrayLike<number> | undefined;
  /** 0 to 2^32-1, where it is not the batch's: in a mixture each dataset has its own. */
  readonly epoch?: number | undefined;
}

/** When a batch is masked: the same for all its samples, but for those with an epoch of their own. */
export type BatchMoment = Pick<SampleAddress, 'epoch' | 'rate'>;

/** Where a batch is written: columns that the samples' tokens stand in one behind the other. */
export interface BatchOutput extends Columns {
  /**
   * Where each sample's place starts, in tokens, and last where the last one's ends. What a sample leaves of its place
   * is filled with the pad id and -100.
   */
  readonly starts: ArrayLike<number>;
  /** For objectives with sentence order: where each sample's second segment starts now. */
  readonly segments?: Uint32Array;
  /** For objectives with sentence order: 1 for each sample whose segments are swapped, else 0. */
  readonly sentenceLabels?: Uint8Array;
}

/** A masked sample of `length` tokens; a sequence-to-sequence strategy gives both arrays their own lengths. */
export interface MaskedSample {
  /** Int32[length]: the ids the model sees. */
  readonly inputIds: Int32Array;
  /**
   * Int32[length]: the original id where a token was selected, -100 elsewhere. Sequence to sequence: the ids
   * that the decoder is to write.
   */
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
   * Masks a sample into the caller's arrays, each at least as long as the sample (or as its capacity);
   * returns how many tokens were selected.
   */
  maskInto(ids: ArrayLike<number>, address: SampleAddress, out: MaskedOutput): number;
  /**
   * Masks a batch into columns: the same bytes as sample by sample, and much faster. Returns how many tokens were
   * selected. After an error, what the columns hold is not defined.
   *
   * @throws {TokenIdError} for an id the vocabulary does not have.
   * @throws {ArgumentError} for an epoch, sample or rate out of range, a rate in static mode, places that do not
   * fit the columns or the samples, or a sequence-to-sequence strategy.
   *
   * @example
   * ```ts
   * import { createMasker, tokenMasking } from '@maskloom/core';
   * const vocab = { size: 100, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [] };
   * const masker = createMasker({ vocab, seed: 42n, strategy: tokenMasking({ rate: 0.15 }) });
   * const samples = [
   *   { sample: 17n, ids: Uint16Array.of(2, 17, 23, 42, 3) },
   *   { sample: 18n, ids: Uint16Array.of(2, 99, 3) },
   * ];
   * const out = { inputIds: new Int32Array(10), labels: new Int32Array(10), starts: [0, 5, 10] };
   * masker.maskBatch(samples, { epoch: 3 }, out); // two rows of five, the second padded
   * ```
   */
  maskBatch(samples: readonly BatchSample[], moment: BatchMoment, out: BatchOutput): number;
  /**
   * The longest outputs that masking a sample can give, whatever is drawn: its own length, but for
   * sequence-to-sequence strategies.
   *
   * @param rate as in {@linkcode SampleAddress}
   * @throws {TokenIdError} for an id the vocabulary does not have.
   */
  capacity(ids: ArrayLike<number>, rate?: number): OutputLengths;
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
  strategy.prepare?.(vocab);
  const draws = createDraws(seed);
  const accelerated = (strategy: Strategy) => ({
    strategy,
    kernel: strategy.accelerate?.(vocab, options.room),
  });
  const given = accelerated(strategy);
  // Calls come with the same rate for a while: a batch, or an epoch.
  let scheduled = given;
  let scheduledRate = -1;
  // One for all samples, so that none allocates.
  const input: { -readonly [Key in keyof StrategyInput]: StrategyInput[Key] } = { ids: [] };

  function at(rate: number | undefined): typeof given {
    if (rate === undefined) return given;
    if (mode.mode === 'static') {
      throw new ArgumentError('rate', 'none in static mode', rate, 'give the strategy a rate');
    }
    if (rate !== scheduledRate) {
      scheduled = accelerated(strategy.atRate(partsPerMillion(rate)));
      scheduledRate = rate;
    }
    return scheduled;
  }

  /**
   * Masks the sample that the draws stand at into its place in the columns; returns how many tokens were selected. Where
   * a kernel takes the sample, it is masked, and its tokens are counted, when the kernel finishes.
   */
  function maskRow(
    { strategy, kernel }: typeof given,
    input: StrategyInput,
    out: Columns,
    start: number,
    end: number,
    arrangement: Arrangement,
  ): number {
    const arranged = strategy.arrange?.(input, draws, arrangement) ?? input;
    if (kernel?.add(arranged, start, end)) return 0;
    const selected = strategy.mask(arranged, draws, vocab, out, start);
    const padding = start + input.ids.length;
    out.inputIds.fill(vocab.padId, padding, end);
    out.labels.fill(ignoredLabel, padding, end);
    return selected;
  }

  function maskInto(ids: ArrayLike<number>, address: SampleAddress, out: MaskedOutput): number {
    const { length } = ids;
    if (strategy.capacity === undefined) checkRoom(out, length);
    const used = at(address.rate);
    draws.at(maskEpoch(mode, address.epoch), address.sample);
    input.ids = ids;
    input.segment = address.segment;
    input.units = address.units;
    used.kernel?.begin(out, draws);
    const selected = maskRow(used, input, out, 0, length, out);
    return selected + (used.kernel?.finish() ?? 0);
  }

  function maskBatch(
    samples: readonly BatchSample[],
    { epoch, rate }: BatchMoment,
    out: BatchOutput,
  ): number {
    const { starts, segments, sentenceLabels } = out;
    if (strategy.capacity !== undefined) {
      throw new ArgumentError('strategy', 'one with aligned outputs', strategy.plan.type);
    }
    checkPlaces(samples, out);
    const used = at(rate);
    const drawnEpoch = maskEpoch(mode, epoch);
    const arrangement: Arrangement = {};
    let selected = 0;
    used.kernel?.begin(out, draws);
    for (let index = 0; index < samples.length; index++) {
      const sample = samples[index]!;
      const own = sample.epoch === undefined ? drawnEpoch : maskEpoch(mode, sample.epoch);
      draws.at(own, sample.sample);
      selected += maskRow(used, sample, out, starts[index]!, starts[index + 1]!, arrangement);
      if (segments !== undefined) segments[index] = arrangement.segment!;
      if (sentenceLabels !== undefined) sentenceLabels[index] = arrangement.sentenceLabel!;
    }
    return selected + (used.kernel?.finish() ?? 0);
  }

  function capacity(ids: ArrayLike<number>, rate?: number): OutputLengths {
    const { length } = ids;
    return at(rate).strategy.capacity?.(ids, vocab) ?? { inputs: length, labels: length };
  }

  return {
    seed,
    strategy,
    mode,
    maskInto,
    maskBatch,
    capacity,
    mask(ids, address) {
      const { inputs, labels } = capacity(ids, address.rate);
      const out: MaskedOutput & MaskedSample = {
        inputIds: new Int32Array(inputs),
        labels: new Int32Array(labels),
      };
      maskInto(ids, address, out);
      if (strategy.capacity === undefined) return out;
      return {
        inputIds: out.inputIds.slice(0, out.inputLength),
        labels: out.labels.slice(0, out.labelLength),
      };
    },
  };
}

/** Checks that every sample has a place, that places stand in order, and that the columns hold them. */
function checkPlaces(samples: readonly BatchSample[], out: BatchOutput): void {
  const { starts } = out;
  if (starts.length !== samples.length + 1) {
    throw new ArgumentError('out.starts', `${samples.length + 1} positions`, starts.length);
  }
  for (let index = 0; index < samples.length; index++) {
    const { length } = samples[index]!.ids;
    const start = starts[index]!;
    const end = starts[index + 1]!;
    if (!(Number.isInteger(start) && start >= 0 && end - start >= length)) {
      throw new ArgumentError(
        `out.starts[${index}]`,
        `a place of at least ${length} tokens`,
        `${start} to ${end}`,
      );
    }
  }
  checkRoom(out, starts[samples.length]!);
}

function checkRoom({ inputIds, labels }: Columns, tokens: number): void {
  const room = Math.min(inputIds.length, labels.length);
  if (tokens <= room) return;
  throw new ArgumentError('out', `columns of at least ${tokens} tokens`, room);
}
