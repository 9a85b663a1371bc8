/**
 * @file The stream digest: one value for all that a run saw, the same in every layout and for every
 * number of workers and ranks. All integers are little-endian; see docs/spec.md, Stream digest.
 */
import { createHash } from 'node:crypto';
import { ArgumentError, ignoredLabel } from '@maskloom/core';
import type { RecordBatch } from 'apache-arrow';
import { readCompact } from './layouts/compact.ts';
import { readDense } from './layouts/dense.ts';

const digestBytes = 32;

/** What a sample's digest covers beside its id. */
export interface DigestedSample {
  readonly inputIds: ArrayLike<number>;
  /** As long as `inputIds`. */
  readonly labels: ArrayLike<number>;
  /** With sentence order: where the second segment starts, and whether the two were swapped. */
  readonly segment?: number | undefined;
  readonly sentenceLabel?: number | undefined;
}

/**
 * SHA-256( u64 sample | u32 length | u32 input_ids[length] | i32 labels[length] ), with sentence order
 * followed by ( u32 segment | u8 sentence label ).
 */
export function sampleDigest(sample: bigint, masked: DigestedSample): Uint8Array {
  const { inputIds, labels, segment, sentenceLabel } = masked;
  const { length } = inputIds;
  const bytes = new Uint8Array(12 + 8 * length + (sentenceLabel === undefined ? 0 : 5));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, sample, true);
  view.setUint32(8, length, true);
  for (let position = 0; position < length; position++) {
    view.setUint32(12 + 4 * position, inputIds[position]!, true);
    view.setInt32(12 + 4 * (length + position), labels[position]!, true);
  }
  if (sentenceLabel !== undefined) {
    view.setUint32(12 + 8 * length, segment!, true);
    view.setUint8(16 + 8 * length, sentenceLabel);
  }
  return createHash('sha256').update(bytes).digest();
}

/**
 * The sample digests of a record batch in the `dense` or `compact` layout, one after the other.
 *
 * @throws {ArgumentError} for a record batch of another layout.
 */
export function sampleDigests(batch: RecordBatch): Uint8Array {
  const digests = new Uint8Array(batch.numRows * digestBytes);
  const columns = new Set(batch.schema.fields.map((field) => field.name));
  if (columns.has('masked_positions')) {
    const { sample, inputIds, positions, labels, segment, sentenceLabel } = readCompact(batch);
    for (let row = 0; row < batch.numRows; row++) {
      const ids = inputIds(row);
      const rowLabels = new Int32Array(ids.length).fill(ignoredLabel);
      const rowPositions = positions(row);
      const maskedLabels = labels(row);
      for (let index = 0; index < rowPositions.length; index++) {
        rowLabels[rowPositions[index]!] = maskedLabels[index]!;
      }
      const masked = {
        inputIds: ids,
        labels: rowLabels,
        segment: segment?.[row],
        sentenceLabel: sentenceLabel?.[row],
      };
      digests.set(sampleDigest(sample[row]!, masked), row * digestBytes);
    }
    return digests;
  }
  if (columns.has('attention_mask')) {
    const { sample, width, inputIds, labels, attentionMask, tokenTypeIds, sentenceLabel } =
      readDense(batch);
    for (let row = 0; row < batch.numRows; row++) {
      const start = row * width;
      const padding = attentionMask.subarray(start, start + width).indexOf(0);
      const end = padding === -1 ? start + width : start + padding;
      const masked = {
        inputIds: inputIds.subarray(start, end),
        labels: labels.subarray(start, end),
        segment: tokenTypeIds?.subarray(start, end).indexOf(1),
        sentenceLabel: sentenceLabel?.[row],
      };
      digests.set(sampleDigest(sample[row]!, masked), row * digestBytes);
    }
    return digests;
  }
  throw new ArgumentError('batch', 'the dense or compact layout', [...columns].join(', '));
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
    this.#value = Buffer.from(planId, 'hex');
  }

  /** Adds a global batch: every row of it, in its order. */
  update(batch: RecordBatch): void {
    this.updateDigests(sampleDigests(batch));
  }

  /** Adds a global batch by its sample digests, one after the other in the batch's order. */
  updateDigests(digests: Uint8Array): void {
    const batch = createHash('sha256').update(digests).digest();
    this.#value = createHash('sha256').update(this.#value).update(batch).digest();
  }

  /** The digest, hexadecimal. */
  hex(): string {
    return Buffer.from(this.#value).toString('hex');
  }
}
