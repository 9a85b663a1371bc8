// npm run bench:scale: what an epoch's order costs from a thousand to a trillion samples: per index, per seek, and in memory.
import { cpus } from 'node:os';
import { createPermutation, tokenMasking } from '@maskloom/core';
import { createPlan, planId, stepsPerEpoch } from '@maskloom/loader';

const batch = 32;
const times = 301;
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const strategy = tokenMasking({ rate: 0.15 });

/** Microseconds from an address to the rows of its batch, of an epoch that nobody has asked for before. */
function seek(rows, share) {
  const out = new Float64Array(batch);
  const found = [];
  for (let epoch = 0; epoch < times; epoch++) {
    const start = performance.now();
    createPermutation(rows, 42n, epoch).range(Math.floor((rows - batch) * share), out);
    found.push((performance.now() - start) * 1000);
  }
  return median(found);
}

/** Nanoseconds an index of a long run of batches. */
function perIndex(rows) {
  const out = new Float64Array(Math.min(rows, 1024));
  const permutation = createPermutation(rows, 42n, 1);
  const found = [];
  for (let time = 0; time < times; time++) {
    const start = performance.now();
    permutation.range(Math.floor(((rows - out.length) * time) / times), out);
    found.push(((performance.now() - start) * 1e6) / out.length);
  }
  return median(found);
}

console.log(
  `${cpus()[0].model}, Node ${process.version}; ${new Date().toISOString().slice(0, 10)}\n`,
);
console.log(
  '| samples | steps per epoch | ns an index | µs a seek to 1 % | µs a seek to 90 % | bytes kept |',
);
console.log('| ---: | ---: | ---: | ---: | ---: | ---: |');
for (let power = 3; power <= 12; power++) {
  const rows = 10 ** power;
  const dataset = { digest: 'ab'.repeat(32), rows };
  const plan = createPlan({ dataset, strategy, seed: 42n, batch });
  planId(plan);
  seek(rows, 0.5);
  const figures = [perIndex(rows), seek(rows, 0.01), seek(rows, 0.9)];
  global.gc();
  const before = process.memoryUsage();
  const kept = Array.from({ length: 1000 }, (_, epoch) => createPermutation(rows, 42n, epoch));
  global.gc();
  const after = process.memoryUsage();
  const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  const bytes = Math.round(grown / kept.length);
  console.log(
    `| 10^${power} | ${stepsPerEpoch(plan)} | ${figures.map((figure) => figure.toPrecision(3)).join(' | ')} | ${bytes} |`,
  );
}
