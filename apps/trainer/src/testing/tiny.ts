import { type ModelConfig, modelConfig } from '../model/config.ts';
import { alone } from '../ranks/peers.ts';
import type { HostBatch } from '../training/batch.ts';
import type { TrainerOptions } from '../training/trainer.ts';

/** A model of a few thousand values. */
export const tiny: ModelConfig = modelConfig({
  vocab: 50,
  length: 12,
  layers: 2,
  hidden: 16,
  heads: 2,
});

/** Settings that suit it. */
export const tinyOptions: TrainerOptions = {
  ...{ optimizer: 'adamw', beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0.01 },
  ...{ clip: 0, seed: 42n, peers: alone },
};

/** Three rows of unlike lengths with every third token hidden. */
export function tinyBatch(paddedTo = 64, { from = 0, to = 3, swapped = false } = {}): HostBatch {
  const lengths = [12, 9, 5].slice(from, to);
  const rows = lengths.length;
  const width = 12;
  const size = rows * width;
  const firsts = swapped ? rows : 0;
  const grid = () => new Int32Array(size);
  const [ids, places, segments, sentences] = [grid(), grid(), grid(), grid()];
  const picked = new Int32Array(paddedTo + firsts).fill(-1);
  const labels = new Int32Array(paddedTo);
  const weights = new Float32Array(paddedTo);
  let masked = 0;
  let tokens = 0;
  lengths.forEach((length, index) => {
    const row = from + index;
    for (let position = 0; position < length; position++) {
      const at = index * width + position;
      const original = 5 + ((row * 31 + position * position * 7) % 45);
      const isHidden = position % 3 === 1;
      ids[at] = isHidden ? 4 : original;
      places[at] = position;
      segments[at] = 1;
      sentences[at] = swapped && position > length / 2 ? 1 : 0;
      tokens++;
      if (!isHidden) continue;
      picked[masked] = at;
      labels[masked] = original;
      weights[masked++] = 1;
    }
  });
  for (let row = 0; row < firsts; row++) picked[paddedTo + row] = row * width;
  const pickedAt = new Int32Array(size).fill(picked.length);
  picked.forEach((position, index) => {
    if (position >= 0) pickedAt[position] = index;
  });
  return {
    ...{ rows, height: rows, width, firstRow: from, ids, places, segments, sentences },
    ...{ picked, pickedAt, labels, weights, masked, tokens },
    ...(swapped ? { sentenceLabels: Int32Array.from(lengths, (_, row) => (from + row) % 2) } : {}),
  };
}
