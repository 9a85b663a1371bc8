import { ArgumentError } from '../errors.ts';
import { op } from '../random/draws.ts';
import type { Strategy } from './strategy.ts';
import type { SentenceOrderPlan } from './strategy-plan.ts';

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
  const arrange = swapByDraw();
  return {
    plan: { type: 'sentence-order', masking: plan },
    atRate: (rate) => sentenceOrder(masking.atRate(rate)),
    arrange,
    accelerate: (vocab, room) => masking.accelerate?.(vocab, room),
    mask: (input, draws, vocab, out) => masking.mask(arrange(input, draws, out), draws, vocab, out),
  };
}

/** Swaps the segments of every second sample, by draw. */
function swapByDraw(): NonNullable<Strategy['arrange']> {
  let buffer = new ArrayBuffer(0);
  return (input, draws, out) => {
    const { ids, segment } = input;
    const { length } = ids;
    if (segment === undefined || !(segment > 1 && segment < length)) {
      throw new ArgumentError(
        'segment',
        `a position from 2 to ${length - 1}, where the second segment starts`,
        segment,
        'encode the text in pairs',
      );
    }
    const swapped = draws.word(op.pair, 0) >= 2 ** 31;
    out.sentenceLabel = swapped ? 1 : 0;
    out.segment = swapped ? 1 + length - segment : segment;
    if (!swapped) return input;
    if (buffer.byteLength < 4 * length) buffer = new ArrayBuffer(4 * length);
    // As wide as the ids: a kernel has ways of its own for narrow ones.
    const Ids = ids instanceof Uint16Array ? Uint16Array : Int32Array;
    const ordered = new Ids(buffer, 0, length);
    ordered[0] = ids[0]!;
    for (let position = 1; position < length; position++) {
      const first = position < segment;
      ordered[first ? position + length - segment : position - segment + 1] = ids[position]!;
    }
    return { ids: ordered, segment: out.segment };
  };
}
