// Occupancy of packed rows, and how long an index and a seek take: `npm run bench:packing`. Online packers, as
// peers have them, are rebuilt here from what their documentation says; their own code is not run.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { tokenMasking } from '@maskloom/core';
import { createPlan, stepsPerEpoch } from '@maskloom/loader';
import { keepIndex } from '../../packages/loader/dist/batching/index-folder.js';
import { indexPlanOf } from '../../packages/loader/dist/batching/index-plan.js';
import { buildIndex } from '../../packages/loader/dist/batching/row-index.js';
import { globalBatches } from '../../packages/loader/dist/global-batch.js';
import { documentLengths, lineLengths, speechLengths } from '../support/lengths.mjs';

const strategy = tokenMasking({ rate: 0.15 });

function plan(lengths, options) {
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  const length = (row) => lengths[row];
  const dataset = { digest: 'ab'.repeat(32), rows: lengths.length, length, manifest: { longest } };
  return createPlan({ dataset, strategy, seed: 42n, batch: 64, ...options });
}

/** Occupancy if each batch of 32 samples is padded to its longest. */
function padded(lengths) {
  let cells = 0;
  for (let start = 0; start < lengths.length; start += 32) {
    const batch = lengths.subarray(start, start + 32);
    cells += batch.length * Math.max(...batch);
  }
  return total(lengths) / cells;
}

/** Occupancy of a packer that fills `bins` rows at a time, and gives them all away once a sample fits none. */
function online(lengths, length, bins, best) {
  const room = new Int32Array(bins).fill(length);
  let rows = 0;
  for (const tokens of lengths) {
    let bin = -1;
    for (let other = 0; other < bins; other++) {
      if (room[other] < tokens || (bin !== -1 && room[other] >= room[bin])) continue;
      bin = other;
      if (!best) break;
    }
    if (bin === -1) {
      rows += room.filter((left) => left < length).length;
      room.fill(length);
      bin = 0;
    }
    room[bin] -= tokens;
  }
  rows += room.filter((left) => left < length).length;
  return total(lengths) / (rows * length);
}

function total(lengths) {
  return lengths.reduce((sum, length) => sum + length, 0);
}

const percent = (share) => `${(100 * share).toFixed(2)} %`;

console.log(
  '| samples | row | padded batches | first fit, 64 rows | best fit, 64 rows | Maskloom |',
);
console.log('| --- | --- | --- | --- | --- | --- |');
for (const [name, length, make] of [
  ['lines', 128, lineLengths],
  ['lines', 512, lineLengths],
  ['documents', 512, documentLengths],
  ['documents', 2048, documentLengths],
  ['documents', 8192, documentLengths],
  ['speeches', 512, speechLengths],
  ['speeches', 8192, speechLengths],
]) {
  const lengths = make(200_000, length);
  const { rows } = plan(lengths, { rows: { type: 'packed', length } });
  const packed = total(lengths) / (rows.units[0] * length);
  const shares = [
    padded(lengths),
    online(lengths, length, 64, false),
    online(lengths, length, 64, true),
    packed,
  ];
  console.log(`| ${name} | ${length} | ${shares.map(percent).join(' | ')} |`);
}

console.log(
  '\n| 10 million lines | index built | its size | read and verified | seek, median of 30 | slowest |',
);
console.log('| --- | --- | --- | --- | --- | --- |');
const folder = await mkdtemp(join(tmpdir(), 'maskloom-packing-'));
const lengths = lineLengths(10_000_000, 512);
for (const [name, options] of [
  ['packed, rows of 512', { rows: { type: 'packed', length: 512 } }],
  ['buckets', { rows: { type: 'buckets' } }],
  ['batches of 16,384 tokens', { rows: { type: 'tokens', max: 16384 } }],
  [
    'packed, windowed order',
    {
      rows: { type: 'packed', length: 512, window: 16384 },
      order: { type: 'windowed', rows: 16384 },
    },
  ],
]) {
  const made = plan(lengths, options);
  const start = performance.now();
  const indexPlan = indexPlanOf(made, 0, 512);
  const index = buildIndex(indexPlan, (row) => lengths[row]);
  const built = performance.now() - start;
  await keepIndex(folder, indexPlan, async () => index);
  const beginning = performance.now();
  await keepIndex(folder, indexPlan, async () => index);
  const read = performance.now() - beginning;
  const seeks = Array.from({ length: 30 }, (_, epoch) => {
    const begin = performance.now();
    const batchOf = globalBatches(made, [{ shards: [lengths.length], index }]);
    const step = (epoch * 7919) % stepsPerEpoch(made);
    batchOf({ epoch, step, rank: 0, world: 1 });
    return performance.now() - begin;
  }).sort((a, b) => a - b);
  const size = `${(index.bytes.byteLength / 1e6).toFixed(1)} MB`;
  const times = [read, seeks[15], seeks[29]].map((time) => `${time.toFixed(1)} ms`);
  console.log(`| ${name} | ${(built / 1000).toFixed(2)} s | ${size} | ${times.join(' | ')} |`);
}
await rm(folder, { recursive: true });
