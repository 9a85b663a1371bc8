/**
 * @file Times training steps on a batch of random ids, and prints a JSON line: `time-steps.ts '{"vocab":8192,…}'`. For
 * `npm run bench:train`; nothing is read from anywhere.
 */
import process from 'node:process';
import { useDevice } from '../device.ts';
import { modelConfig } from '../model/config.ts';
import { createModel } from '../model/models.ts';
import { alone } from '../ranks/peers.ts';
import type { HostBatch } from '../training/batch.ts';
import { createTrainer } from '../training/trainer.ts';

interface Asked {
  readonly vocab: number;
  readonly length: number;
  readonly rows: number;
  /** Of each row. */
  readonly masked: number;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly threads: number;
  readonly steps: number;
  /** Steps after which memory is read. */
  readonly memoryEvery?: number;
}

const asked = JSON.parse(process.argv[2]!) as Asked;
const { vocab, length, rows, masked, layers, hidden, heads, threads, steps, memoryEvery } = asked;
await useDevice('wasm', () => {}, threads);

function randomBatch(): HostBatch {
  const size = rows * length;
  let state = 1;
  const id = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 5 + ((state >>> 8) % (vocab - 5));
  };
  const count = rows * masked;
  const picked = Int32Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / masked);
    return row * length + 1 + (index % masked) * Math.floor((length - 2) / masked);
  });
  const pickedAt = new Int32Array(size).fill(count);
  picked.forEach((position, index) => {
    pickedAt[position] = index;
  });
  return {
    ...{ rows, width: length, firstRow: 0, masked: count, tokens: size, picked, pickedAt },
    ids: Int32Array.from({ length: size }, id),
    places: Int32Array.from({ length: size }, (_, at) => at % length),
    segments: new Int32Array(size).fill(1),
    sentences: new Int32Array(size),
    labels: Int32Array.from({ length: count }, id),
    weights: new Float32Array(count).fill(1),
  };
}

const trainer = createTrainer(createModel(modelConfig({ vocab, length, layers, hidden, heads })), {
  ...{ optimizer: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
  ...{ clip: 0, seed: 1n, peers: alone },
});
const batch = randomBatch();
const seconds: number[] = [];
const memory: number[] = [];
for (let step = 0; step < steps; step++) {
  const began = performance.now();
  await trainer.train([batch], step, 1e-4);
  seconds.push((performance.now() - began) / 1000);
  if (memoryEvery !== undefined && (step + 1) % memoryEvery === 0) {
    memory.push(process.memoryUsage().rss);
  }
}
console.log(JSON.stringify({ seconds, memory }));
process.exit(0);
