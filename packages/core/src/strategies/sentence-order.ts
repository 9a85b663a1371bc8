import { ArgumentError } from '../errors.ts';
import * as op from '../random/ops.ts';
import type { Strategy, StrategyInput } from './strategy.ts';
import type { SentenceOrderPlan } from './strategy-plan.ts';
import { checkUnitColumn } from './units.ts';

/**
 * ALBERT's sentence order (Lan et al. 2020, arXiv:1909.11942 §3.1): the two segments of a sample
 * `[CLS] A [SEP] B [SEP]` are swapped for every second sample, by draw, and the model is asked whether
 * they were; then the result is masked. Samples need a `segment`, where B starts.
 *
 * Departs: whether a sample is swapped is drawn anew in each epoch of dynamic mode (ALBERT's data is
 * written once); positions are those after the swap.
 *
 * @throws {ArgumentError} if `masking` is sentence order itself, or span corruption; from `mask` for a sample without a second
 * segment.
 *
 * @example
 * ```ts
 * import { albert, createMasker, sentenceOrder } from '@maskloom/core';
 * const vocab = { size: 100, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [] };
 * const masker = createMasker({ vocab, seed: 42n, strategy: sentenceOrder(albert()) });
 * const ids = [2, 17, 23, 3, 42, 43, 44, 3];
 * const { inputIds, labels, segment, sentenceLabel } = masker.mask(ids, { epoch: 0, sample: 7, segment: 4 });
 * ```
 */
export function sentenceOrder(masking: Strategy): Strategy<SentenceOrderPlan> {
  const { plan } = masking;
  if (plan.type === 'sentence-order' || plan.type === 'span-corruption') {
    throw new ArgumentError('masking', 'a strategy that masks tokens where they are', plan.type);
  }
  return {
    ...masking,
    plan: { type: 'sentence-order', masking: plan },
    atRate: (rate) => sentenceOrder(masking.atRate(rate)),
    arrange: swapByDraw(),
  };
}

/** Swaps the segments of every second sample, by draw. */
function swapByDraw(): NonNullable<Strategy['arrange']> {
  const ids = new SwappedColumn();
  const units = new SwappedColumn();
  const ordered: { -readonly [Key in keyof StrategyInput]: StrategyInput[Key] } = { ids: [] };
  return (input, draws, out) => {
    const { segment } = input;
    const { length } = input.ids;
    if (segment === undefined || !(segment > 1 && segment < length)) {
      throw new ArgumentError(
        'segment',
        `a position from 2 to ${length - 1}, where the second segment starts`,
        segment,
        'encode the text in pairs',
      );
    }
    // The high half of word 0 is as good as the word, and a small number.
    const swapped = draws.half(op.pair, 1) >= 2 ** 15;
    out.sentenceLabel = swapped ? 1 : 0;
    out.segment = swapped ? 1 + length - segment : segment;
    if (!swapped) return input;
    ordered.ids = ids.swap(input.ids, segment);
    ordered.segment = out.segment;
    ordered.units =
      input.units === undefined
        ? undefined
        : units.swap(checkUnitColumn(input.units, length), segment);
    return ordered;
  };
}

/** Room for a column of a sample with its segments swapped, used again from sample to sample. */
class SwappedColumn {
  #buffer = new ArrayBuffer(0);
  /** By length, so that a sample allocates nothing; as wide as the column, which a kernel goes by. */
  #narrow: (Uint16Array | Int32Array)[] = [];
  #wide: (Uint16Array | Int32Array)[] = [];

  swap(column: ArrayLike<number>, segment: number): Uint16Array | Int32Array {
    const { length } = column;
    if (this.#buffer.byteLength < 4 * length) {
      this.#buffer = new ArrayBuffer(4 * length);
      this.#narrow = [];
      this.#wide = [];
    }
    const views = column instanceof Uint16Array ? this.#narrow : this.#wide;
    views[length] ??=
      column instanceof Uint16Array
        ? new Uint16Array(this.#buffer, 0, length)
        : new Int32Array(this.#buffer, 0, length);
    const swapped = views[length];
    swapped[0] = column[0]!;
    for (let position = 1; position < length; position++) {
      const first = position < segment;
      swapped[first ? position + length - segment : position - segment + 1] = column[position]!;
    }
    return swapped;
  }
}
