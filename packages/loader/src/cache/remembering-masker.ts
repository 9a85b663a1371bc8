import {
  type BatchMoment,
  type BatchOutput,
  type BatchSample,
  ignoredLabel,
  type MaskedOutput,
  type Masker,
  maskEpoch,
  type SampleAddress,
  type Uint64,
  type VocabTraits,
} from '@maskloom/core';
import { type MaskMemory, Masks } from './mask-memory.ts';

/** What makes maskers remember, where threads share masks; else they stay as they are. */
export function remembering(
  memory: MaskMemory | undefined,
  vocab: VocabTraits,
): (masker: Masker) => Masker {
  if (memory === undefined) return (masker) => masker;
  const masks = new Masks(memory);
  return (masker) => rememberingMasker(masker, masks, vocab);
}

/**
 * A masker that masks each (sample, copy) once and then remembers it: the same bytes. Only for static mode, and for
 * samples of the plan's datasets, whose ids are those that were masked.
 */
export function rememberingMasker(masker: Masker, masks: Masks, vocab: VocabTraits): Masker {
  const { words, values } = masks;
  const { sequences } = masks.memory;
  const ordered = masker.strategy.plan.type === 'sentence-order';

  /** A sample's key; -1 also for what the masker has to refuse. */
  function keyOf(sample: Uint64, epoch: number, rate: number | undefined): number {
    return rate === undefined && epoch >= 0
      ? masks.keyOf(sample, maskEpoch(masker.mode, epoch))
      : -1;
  }

  function remember(key: number, columns: BatchOutputColumns, start: number, length: number): void {
    if (key < 0) return;
    const record = masks.reserve(2 * length);
    if (record < 0) return;
    const { inputIds, labels } = columns;
    const from = masks.valuesOf(record);
    let value = from;
    for (let position = 0; position < length; position++) {
      if (labels[start + position] === ignoredLabel) continue;
      values[value++] = position;
      values[value++] = inputIds[start + position]!;
    }
    words[record] = key;
    words[record + 1] = words[record + 2] = (value - from) / 2;
    words[record + 3] = columns.sentenceLabel ?? 0;
    masks.publish(record, value - from);
  }

  function rememberSequences(key: number, selected: number, out: MaskedOutput): void {
    const { inputIds, labels, inputLength = 0, labelLength = 0 } = out;
    const length = inputLength + labelLength;
    const record = key < 0 ? -1 : masks.reserve(length);
    if (record < 0) return;
    const from = masks.valuesOf(record);
    for (let index = 0; index < inputLength; index++) values[from + index] = inputIds[index]!;
    for (let index = 0; index < labelLength; index++) {
      values[from + inputLength + index] = labels[index]!;
    }
    words[record] = key;
    words[record + 1] = selected;
    words[record + 2] = inputLength;
    words[record + 3] = labelLength;
    masks.publish(record, length);
  }

  /** Writes a remembered sample; returns how many of its tokens are selected. */
  function recall(
    record: number,
    ids: ArrayLike<number>,
    segment: number | undefined,
    { inputIds, labels }: BatchOutputColumns,
    start: number,
  ): number {
    const { length } = ids;
    if (words[record + 3] === 1) {
      // As sentence order swaps them: [CLS] B [SEP] A [SEP].
      const second = length - segment!;
      inputIds[start] = ids[0]!;
      for (let position = 1; position < segment!; position++) {
        inputIds[start + second + position] = ids[position]!;
      }
      for (let position = segment!; position < length; position++) {
        inputIds[start + 1 + position - segment!] = ids[position]!;
      }
    } else inputIds.set(ids, start);
    labels.fill(ignoredLabel, start, start + length);
    const selected = words[record + 2]!;
    const from = masks.valuesOf(record);
    for (let value = from; value < from + 2 * selected; value += 2) {
      const position = start + values[value]!;
      labels[position] = inputIds[position]!;
      inputIds[position] = values[value + 1]!;
    }
    return selected;
  }

  function recallSequences(record: number, out: MaskedOutput): number {
    out.inputLength = words[record + 2]!;
    out.labelLength = words[record + 3]!;
    const from = masks.valuesOf(record);
    const middle = from + out.inputLength;
    out.inputIds.set(values.subarray(from, middle));
    out.labels.set(values.subarray(middle, middle + out.labelLength));
    return words[record + 1]!;
  }

  function maskInto(ids: ArrayLike<number>, address: SampleAddress, out: MaskedOutput): number {
    const key = keyOf(address.sample, address.epoch, address.rate);
    const record = masks.recordOf(key);
    const room = Math.min(out.inputIds.length, out.labels.length);
    // What does not fit is for the masker to refuse.
    if (record < 0 || (!sequences && room < ids.length)) {
      const selected = masker.maskInto(ids, address, out);
      masks.count(1, 0);
      if (sequences) rememberSequences(key, selected, out);
      else remember(key, out, 0, ids.length);
      return selected;
    }
    masks.count(0, 1);
    if (sequences) return recallSequences(record, out);
    const selected = recall(record, ids, address.segment, out, 0);
    arrange(out, words[record + 3]!, ids.length, address.segment);
    return selected;
  }

  function arrange(
    out: Pick<MaskedOutput, 'segment' | 'sentenceLabel'>,
    label: number,
    length: number,
    segment: number | undefined,
  ): void {
    if (!ordered) return;
    out.sentenceLabel = label === 1 ? 1 : 0;
    out.segment = label === 1 ? 1 + length - segment! : segment!;
  }

  function maskBatch(
    samples: readonly BatchSample[],
    moment: BatchMoment,
    out: BatchOutput,
  ): number {
    const { starts, segments, sentenceLabels } = out;
    // Without the labels of sentence order there is nothing to remember; bad places are for the masker to refuse.
    if ((ordered && sentenceLabels === undefined) || starts.length !== samples.length + 1) {
      return masker.maskBatch(samples, moment, out);
    }
    const keys = samples.map(({ sample, epoch = moment.epoch }) =>
      keyOf(sample, epoch, moment.rate),
    );
    const records = keys.map((key) => masks.recordOf(key));
    let selected = 0;
    let computed = 0;
    for (let index = 0; index < samples.length; ) {
      const start = starts[index]!;
      const record = records[index]!;
      if (record >= 0) {
        const { ids, segment } = samples[index]!;
        const end = starts[index + 1]!;
        selected += recall(record, ids, segment, out, start);
        out.inputIds.fill(vocab.padId, start + ids.length, end);
        out.labels.fill(ignoredLabel, start + ids.length, end);
        const order: Pick<MaskedOutput, 'segment' | 'sentenceLabel'> = {};
        arrange(order, words[record + 3]!, ids.length, segment);
        if (segments !== undefined) segments[index] = order.segment!;
        if (sentenceLabels !== undefined) sentenceLabels[index] = order.sentenceLabel!;
        index++;
        continue;
      }
      // Samples that have to be masked go together, as far as they stand together.
      const first = index;
      while (index < samples.length && records[index]! < 0) index++;
      const whole = first === 0 && index === samples.length;
      selected += masker.maskBatch(
        whole ? samples : samples.slice(first, index),
        moment,
        whole ? out : partOf(out, first, index),
      );
      for (let masked = first; masked < index; masked++) {
        const { ids } = samples[masked]!;
        const sentenceLabel = sentenceLabels?.[masked] === 1 ? 1 : 0;
        const { inputIds, labels } = out;
        remember(keys[masked]!, { inputIds, labels, sentenceLabel }, starts[masked]!, ids.length);
      }
      computed += index - first;
    }
    masks.count(computed, samples.length - computed);
    return selected;
  }

  return { ...masker, maskInto, maskBatch };
}

type BatchOutputColumns = Pick<MaskedOutput, 'inputIds' | 'labels' | 'sentenceLabel'>;

/** The part of a batch's output that samples `first` to `end - 1` go to. */
function partOf(out: BatchOutput, first: number, end: number): BatchOutput {
  const { inputIds, labels, starts, segments, sentenceLabels } = out;
  return {
    inputIds,
    labels,
    starts: Array.from({ length: end + 1 - first }, (_, index) => starts[first + index]!),
    ...(segments === undefined ? {} : { segments: segments.subarray(first, end) }),
    ...(sentenceLabels === undefined
      ? {}
      : { sentenceLabels: sentenceLabels.subarray(first, end) }),
  };
}
