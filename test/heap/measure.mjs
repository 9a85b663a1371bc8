/**
 * Prints how many bytes of the heap a masked sample takes:
 * node --expose-gc --min-semi-space-size=256 --max-semi-space-size=256 measure.mjs PATH STRATEGY
 *
 * That is the average over 40,000 samples; the least of five times, since an engine that still compiles
 * allocates more. The young generation is so large that nothing is collected meanwhile,
 * so that the heap's growth is all that was allocated; typed arrays' memory outside the heap is counted as well.
 * One process measures one path: what an engine allocates depends on what it has compiled.
 */
import { getHeapStatistics } from 'node:v8';
import { createMasker, kernelBytes, strategyFromPlan } from '@maskloom/core';

const [path, given] = process.argv.slice(2);
const count = 40_000;
/** A batch has a few objects of its own: with so many samples they do not count. */
const samplesPerRound = 400;

const vocab = {
  size: 1000,
  maskId: 4,
  padId: 0,
  // Those from 400 on are sentinels, and modes of denoisers.
  specialIds: [0, 1, 2, 3, 4, ...Array.from({ length: 50 }, (_, index) => 400 + index)],
  continuationIds: Array.from({ length: 300 }, (_, index) => 700 + index),
  counts: Array.from({ length: 1000 }, (_, id) => id),
};
const lengths = [24, 32, 17];

// All that a call needs is made before: addresses, samples, batches and outputs.
const samples = Array.from({ length: samplesPerRound }, (_, number) => {
  const length = lengths[number % 3];
  const ids = Uint16Array.from({ length }, (_, position) =>
    position === 0 ? 2 : position === length - 1 ? 3 : 5 + ((position ** 2 * 31 + number) % 995),
  );
  return {
    ids,
    sample: 2n ** 64n - 400n + BigInt(number),
    epoch: 1,
    segment: length >> 1,
    units: Uint8Array.from(ids, (id) => id % 2),
  };
});
const starts = Int32Array.from({ length: samplesPerRound + 1 }, (_, number) => 32 * number);
// With a room, kernels write to columns behind it, without a copy.
const bytes = kernelBytes(vocab.size);
const column = 4 * 32 * samplesPerRound;
const pages = Math.ceil((bytes + 2 * column) / 65536);
const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
const room = path === 'room' ? { room: { memory, start: 0, bytes } } : {};
const out = {
  inputIds: new Int32Array(memory.buffer, bytes, column / 4),
  labels: new Int32Array(memory.buffer, bytes + column, column / 4),
  starts,
  segments: new Uint32Array(samplesPerRound),
  sentenceLabels: new Uint8Array(samplesPerRound),
};
const moment = { epoch: 1 };

const strategy = given === undefined ? undefined : strategyFromPlan(JSON.parse(given));
const reference = { ...strategy, accelerate: undefined };
const masker =
  strategy &&
  createMasker({
    vocab,
    // As large as seeds and sample ids get: small numbers are easier to keep out of the heap.
    seed: 2n ** 64n - 1n,
    strategy: path === 'reference' ? reference : strategy,
    ...room,
  });
let kept;

/** What samples are masked by, a round at a time. */
const paths = {
  // The negative control: one small object a sample.
  control: () => {
    for (const { sample } of samples) kept = { sample };
  },
  sample: () => {
    for (let index = 0; index < samplesPerRound; index++) {
      const sample = samples[index];
      masker.maskInto(sample.ids, sample, out);
    }
  },
  reference: () => paths.sample(),
  batch: () => masker.maskBatch(samples, moment, out),
  room: () => masker.maskBatch(samples, moment, out),
};
const run = paths[path];

const rounds = Math.ceil(count / samplesPerRound);
const used = () => getHeapStatistics().used_heap_size + process.memoryUsage().arrayBuffers;
let least = Number.POSITIVE_INFINITY;
for (let time = 0; time < 6; time++) {
  globalThis.gc();
  run();
  const before = used();
  for (let round = 0; round < rounds; round++) run();
  // The first time is for the compiler.
  if (time > 0) least = Math.min(least, (used() - before) / (samplesPerRound * rounds));
  await new Promise((resolve) => setTimeout(resolve, 10));
}
console.log(least);
if (kept === null) console.log(kept);
