import type { HostBatch } from '../training/batch.ts';

/** A batch of one row without padding, of which the states at some positions are read. */
export function lineBatch(ids: Int32Array<ArrayBuffer>, positions: readonly number[]): HostBatch {
  const { length } = ids;
  const picked = Int32Array.from(positions);
  const pickedAt = new Int32Array(length).fill(picked.length);
  picked.forEach((position, index) => {
    pickedAt[position] = index;
  });
  return {
    ...{ rows: 1, height: 1, width: length, firstRow: 0, masked: picked.length, tokens: length },
    ...{ ids, picked, pickedAt },
    places: Int32Array.from(ids, (_, place) => place),
    segments: new Int32Array(length).fill(1),
    sentences: new Int32Array(length),
    labels: new Int32Array(picked.length),
    weights: new Float32Array(picked.length),
  };
}
