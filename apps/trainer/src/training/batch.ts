import { readCompact } from '@maskloom/client';
import { ArgumentError } from '@maskloom/core';
import type { RecordBatch } from 'apache-arrow';

/** A batch as the model takes it, on the host. T = rows * length tokens. */
export interface HostBatch {
  readonly rows: number;
  /** Int32 [T]: ids, padded. */
  readonly ids: Int32Array<ArrayBuffer>;
  /** Float [T]: 1 for a token, 0 for padding. */
  readonly attention: Float32Array<ArrayBuffer>;
  /** Int32 [M]: masked positions in [0, T), ascending; -1 where padded. */
  readonly positions: Int32Array<ArrayBuffer>;
  /** Int32 [M]: the original ids there. */
  readonly labels: Int32Array<ArrayBuffer>;
  /** Float [M]: 1, or 0 where padded. */
  readonly weights: Float32Array<ArrayBuffer>;
  /** Masked positions, without padding. */
  readonly masked: number;
  /** Tokens, without padding. */
  readonly tokens: number;
}

/** Masked positions are padded to a multiple of this: each new count would compile a step of its own. */
const multiple = 64;

/**
 * Lays a record batch in the compact layout out for the model.
 *
 * @throws {ArgumentError} if a row is longer than the model, or an id is beyond its vocabulary.
 */
export function hostBatch(
  batch: RecordBatch,
  shape: { readonly length: number; readonly vocab: number; readonly padId: number },
): HostBatch {
  const { length, vocab, padId } = shape;
  const columns = readCompact(batch);
  const { rows } = columns;
  let masked = 0;
  for (let row = 0; row < rows; row++) masked += columns.positions(row).length;
  const padded = Math.max(1, Math.ceil(masked / multiple)) * multiple;

  const ids = new Int32Array(rows * length).fill(padId);
  const attention = new Float32Array(rows * length);
  const positions = new Int32Array(padded).fill(-1);
  const labels = new Int32Array(padded);
  const weights = new Float32Array(padded);
  let tokens = 0;
  let at = 0;
  for (let row = 0; row < rows; row++) {
    const rowIds = columns.inputIds(row);
    if (rowIds.length > length) {
      throw new ArgumentError(`row ${row}`, `at most the model's ${length} tokens`, rowIds.length);
    }
    for (const id of rowIds) {
      if (id >= vocab) throw new ArgumentError('id', `below the model's vocabulary ${vocab}`, id);
    }
    const start = row * length;
    ids.set(rowIds, start);
    attention.fill(1, start, start + rowIds.length);
    tokens += rowIds.length;
    const rowLabels = columns.labels(row);
    columns.positions(row).forEach((position, index) => {
      positions[at] = start + position;
      labels[at] = rowLabels[index]!;
      weights[at++] = 1;
    });
  }
  return { rows, ids, attention, positions, labels, weights, masked, tokens };
}
