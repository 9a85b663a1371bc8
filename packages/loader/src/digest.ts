/**
 * @file The stream digest: one value for all that a run saw, the same in every layout and for every
 * number of workers and ranks. All integers are little-endian; see docs/spec.md, Stream digest.
 */
import { ArgumentError, ignoredLabel } from '@maskloom/core';
import { fromHex, sha256, toHex } from '@maskloom/shards';
import type { RecordBatch } from 'apache-arrow';
import { concatenate } from './concatenate.ts';
import { readCompact } from './layouts/compact.ts';
import { readDense } from './layouts/dense.ts';
import { readSeq2seq } from './layouts/seq2seq.ts';
import { readVarlen } from './layouts/varlen.ts';

/** What a sample's digest covers beside its id. */
export interface DigestedSample {
  readonly inputIds: ArrayLike<number>;
  /** As long as `inputIds`, unless `labelLength` says otherwise. */
  readonly labels: ArrayLike<number>;
  /** With sentence order: where the second segment starts, and whether the two were swapped. */
  readonly segment?: number | undefined;
  readonly sentenceLabel?: number | undefined;
  /** From a sequence-to-sequence strategy: how many labels there are. */
  readonly labelLength?: number | undefined;
}

/**
 * SHA-256( u64 sample | u32 length | u32 input_ids[length] | i32 labels[length] ), with sentence order
 * followed by ( u32 segment | u8 sentence label ). From a sequence-to-sequence strategy:
 * SHA-256( u64 sample | u32 length | u32 input_ids[length] | u32 label length | i32 labels[label length] ).
 */
export function sampleDigest(sample: bigint, masked: DigestedSample): Uint8Array {
  const { inputIds, labels, segment, sentenceLabel, labelLength } = masked;
  const bytes = new Uint8Array(12 + 4 * inputIds.length + 4 + 4 * labels.length + 5);
  const view = new DataView(bytes.buffer);
  let end = 0;
  const uint32 = (value: number) => {
    view.setUint32(end, value, true);
    end += 4;
  };
  view.setBigUint64(end, sample, true);
  end += 8;
  uint32(inputIds.length);
  for (let position = 0; position < inputIds.length; position++) uint32(inputIds[position]!);
  if (labelLength !== undefined) uint32(labelLength);
  // Of a negative label these are the bytes of its two's complement.
  for (let position = 0; position < labels.length; position++) uint32(labels[position]!);
  if (sentenceLabel !== undefined) {
    uint32(segment!);
    view.setUint8(end++, sentenceLabel);
  }
  return sha256(bytes.subarray(0, end));
}

/** A sample of a record batch. */
export interface BatchedSample extends DigestedSample {
  /** Row of the batch that it is in: packed rows have several samples, `varlen` has a row for each. */
  readonly row: number;
  readonly sample: bigint;
}

/**
 * The sample digests of a record batch, in any layout, one after the other.
 *
 * @throws {ArgumentError} for a record batch of something else.
 */
export function sampleDigests(batch: RecordBatch): Uint8Array {
  const digests: Uint8Array[] = [];
  for (const one of samplesOf(batch)) digests.push(sampleDigest(one.sample, one));
  return concatenate(digests);
}

/**
 * The digest of a global batch, hexadecimal.
 *
 * @param digests Uint8Array[32 * samples]: its sample digests, in its order
 */
export function batchDigest(digests: Uint8Array): string {
  return toHex(sha256(digests));
}

/**
 * The samples of a record batch, in any layout, in its order: what the model sees of each, and the labels.
 *
 * @throws {ArgumentError} for a record batch of something else.
 *
 * @example
 * ```ts
 * import { type Loader, samplesOf } from '@maskloom/loader';
 * async function show(loader: Loader) {
 *   const { recordBatch } = await loader.batch({ epoch: 0, step: 0 });
 *   for (const { sample, inputIds, labels } of samplesOf(recordBatch)) console.log(sample, inputIds, labels);
 * }
 * ```
 */
export function samplesOf(batch: RecordBatch): Iterable<BatchedSample> {
  const columns = new Set(batch.schema.fields.map((field) => field.name));
  if (columns.has('masked_positions')) return compactSamples(batch);
  if (columns.has('decoder_input_ids')) return seq2seqSamples(batch);
  if (columns.has('attention_mask')) return denseSamples(batch);
  if (columns.has('cu_seqlens')) return varlenSamples(batch);
  throw new ArgumentError('batch', 'columns of one of the layouts', [...columns].join(', '));
}

function* compactSamples(batch: RecordBatch): Generator<BatchedSample> {
  const columns = readCompact(batch);
  const { sample, inputIds, positions, labels, segment, sentenceLabel, cuSeqlens } = columns;
  let number = 0;
  for (let row = 0; row < batch.numRows; row++) {
    const ids = inputIds(row);
    const rowLabels = new Int32Array(ids.length).fill(ignoredLabel);
    const rowPositions = positions(row);
    const maskedLabels = labels(row);
    for (let index = 0; index < rowPositions.length; index++) {
      rowLabels[rowPositions[index]!] = maskedLabels[index]!;
    }
    const starts = cuSeqlens?.(row) ?? [0, ids.length];
    for (let index = 0; index + 1 < starts.length; index++) {
      yield {
        row,
        sample: sample[number++]!,
        inputIds: ids.subarray(starts[index], starts[index + 1]),
        labels: rowLabels.subarray(starts[index], starts[index + 1]),
        segment: segment?.[row],
        sentenceLabel: sentenceLabel?.[row],
      };
    }
  }
}

function* seq2seqSamples(batch: RecordBatch): Generator<BatchedSample> {
  const { sample, width, targetWidth, inputIds, labels, attentionMask } = readSeq2seq(batch);
  for (let row = 0; row < batch.numRows; row++) {
    const target = labels.subarray(row * targetWidth, (row + 1) * targetWidth);
    const rowLabels = target.subarray(0, lengthBefore(ignoredLabel, target));
    const attention = attentionMask.subarray(row * width, (row + 1) * width);
    yield {
      row,
      sample: sample[row]!,
      inputIds: inputIds.subarray(row * width, row * width + lengthBefore(0, attention)),
      labels: rowLabels,
      labelLength: rowLabels.length,
    };
  }
}

function* denseSamples(batch: RecordBatch): Generator<BatchedSample> {
  const columns = readDense(batch);
  const { sample, starts, width, inputIds, labels, attentionMask, segmentIds } = columns;
  const { tokenTypeIds, sentenceLabel } = columns;
  for (let row = 0; row < batch.numRows; row++) {
    const first = row * width;
    const tokens = lengthBefore(0, attentionMask.subarray(first, first + width));
    let start = first;
    for (let index = starts?.[row] ?? row; index < (starts?.[row + 1] ?? row + 1); index++) {
      // Segment ids ascend: a sample goes on while they are its own.
      const own = index - (starts?.[row] ?? row) + 1;
      let end = segmentIds === undefined ? first + tokens : start;
      while (segmentIds?.[end] === own && end < first + tokens) end++;
      yield {
        row,
        sample: sample[index]!,
        inputIds: inputIds.subarray(start, end),
        labels: labels.subarray(start, end),
        segment: tokenTypeIds?.subarray(start, end).indexOf(1),
        sentenceLabel: sentenceLabel?.[row],
      };
      start = end;
    }
  }
}

function* varlenSamples(batch: RecordBatch): Generator<BatchedSample> {
  const { samples, sample, inputIds, labels, cuSeqlens, tokenTypeIds, sentenceLabel } =
    readVarlen(batch);
  for (let index = 0; index < samples; index++) {
    const start = cuSeqlens[index]!;
    const end = cuSeqlens[index + 1]!;
    yield {
      row: index,
      sample: sample[index]!,
      inputIds: inputIds.subarray(start, end),
      labels: labels.subarray(start, end),
      segment: tokenTypeIds?.subarray(start, end).indexOf(1),
      sentenceLabel: sentenceLabel?.[index],
    };
  }
}

/** How many values there are before the first `padding`, or in all. */
function lengthBefore(padding: number, values: Int32Array | Uint8Array): number {
  const start = values.indexOf(padding);
  return start === -1 ? values.length : start;
}

/**
 * The digest of the batches consumed so far:
 * `stream(0) = plan id; stream(n+1) = SHA-256( stream(n) | SHA-256( sample digests ) )`.
 *
 * @example
 * ```ts
 * import { StreamDigest } from '@maskloom/loader';
 * const digest = new StreamDigest('00'.repeat(32));
 * console.log(digest.hex()); // the plan id: nothing consumed yet
 * ```
 */
export class StreamDigest {
  #value: Uint8Array;

  /** @param planId the plan id, hexadecimal; or `hex()` of an earlier digest, to go on from it */
  constructor(planId: string) {
    if (!/^[0-9a-f]{64}$/.test(planId)) {
      throw new ArgumentError('planId', '64 hexadecimal digits', planId);
    }
    this.#value = fromHex(planId);
  }

  /** Adds a global batch: every row of it, in its order. */
  update(batch: RecordBatch): void {
    this.updateDigests(sampleDigests(batch));
  }

  /** Adds a global batch by its sample digests, one after the other in the batch's order. */
  updateDigests(digests: Uint8Array): void {
    this.#value = sha256(this.#value, sha256(digests));
  }

  /** The digest, hexadecimal. */
  hex(): string {
    return toHex(this.#value);
  }
}
