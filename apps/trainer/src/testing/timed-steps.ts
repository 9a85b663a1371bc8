import { useDevice } from '../device.ts';
import { modelConfig } from '../model/config.ts';
import { createModel } from '../model/models.ts';
import { alone } from '../ranks/peers.ts';
import type { HostBatch } from '../training/batch.ts';
import { createTrainer } from '../training/trainer.ts';

/** A training run on random ids. */
export interface TimedRun {
  readonly vocab: number;
  readonly length: number;
  readonly rows: number;
  /** Of each row. */
  readonly masked: number;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly steps: number;
}

/** Trains on one batch again and again, on Wasm; seconds of each step. */
export async function timedSteps(run: TimedRun): Promise<{ readonly seconds: readonly number[] }> {
  await useDevice('wasm', () => {});
  const trainer = createTrainer(createModel(modelConfig(run)), {
    ...{ optimizer: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
    ...{ clip: 0, seed: 1n, peers: alone },
  });
  const batch = randomBatch(run);
  const seconds: number[] = [];
  for (let step = 0; step < run.steps; step++) {
    const began = performance.now();
    await trainer.train([batch], step, 1e-4);
    seconds.push((performance.now() - began) / 1000);
  }
  return { seconds };
}

/** Random ids, laid out as `hostBatch` lays out those of a sidecar. */
function randomBatch({ vocab, length, rows, masked }: TimedRun): HostBatch {
  const size = rows * length;
  let state = 1;
  const id = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 5 + ((state >>> 8) % (vocab - 5));
  };
  const count = rows * masked;
  const padded = Math.ceil(count / 64) * 64;
  const picked = new Int32Array(padded).fill(-1);
  const labels = new Int32Array(padded);
  const pickedAt = new Int32Array(size).fill(padded);
  for (let index = 0; index < count; index++) {
    const place = 1 + (index % masked) * Math.floor((length - 2) / masked);
    const position = Math.floor(index / masked) * length + place;
    picked[index] = position;
    pickedAt[position] = index;
    labels[index] = id();
  }
  return {
    ...{
      rows,
      height: rows,
      width: length,
      firstRow: 0,
      masked: count,
      tokens: size,
      picked,
      pickedAt,
    },
    ids: Int32Array.from({ length: size }, id),
    places: Int32Array.from({ length: size }, (_, at) => at % length),
    segments: new Int32Array(size).fill(1),
    sentences: new Int32Array(size),
    labels,
    weights: new Float32Array(padded).fill(1, 0, count),
  };
}
