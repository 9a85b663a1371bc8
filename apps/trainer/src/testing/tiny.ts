import type { ModelConfig } from '../model/config.ts';
import type { HostBatch } from '../training/batch.ts';

/** A model small enough to test by. */
export const tiny: ModelConfig = { vocab: 50, length: 12, layers: 2, hidden: 16, heads: 2 };

/** A batch of 3 rows of 12, 9 and 5 tokens with masked positions; the same each time. */
export function tinyBatch(paddedTo = 64): HostBatch {
  const lengths = [12, 9, 5];
  const ids = new Int32Array(36);
  const attention = new Float32Array(36);
  const positions = new Int32Array(paddedTo).fill(-1);
  const labels = new Int32Array(paddedTo);
  const weights = new Float32Array(paddedTo);
  let masked = 0;
  lengths.forEach((length, row) => {
    for (let position = 0; position < length; position++) {
      const at = row * 12 + position;
      const original = 5 + ((row * 31 + position * position * 7) % 45);
      ids[at] = position % 3 === 1 ? 4 : original;
      attention[at] = 1;
      if (position % 3 !== 1) continue;
      positions[masked] = at;
      labels[masked] = original;
      weights[masked++] = 1;
    }
  });
  return { rows: 3, ids, attention, positions, labels, weights, masked, tokens: 26 };
}
