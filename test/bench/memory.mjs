// npm run bench:memory: tokens a second where the shards take four times the memory budget, beside shards that are all
// in memory, and beside reading the same samples with plain calls of node:fs, in one run.
import { createHash } from 'node:crypto';
import { existsSync, openSync, readSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tokenMasking } from '@maskloom/core';
import { createLoader, createPlan, globalOrder } from '@maskloom/loader';
import { createDatasetWriter, openDataset } from '@maskloom/shards';

const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, '../../.cache/bench-memory');
const length = 128;
const rows = 512 * 1024;
const batch = 256;
const rounds = 5;
const seconds = 1;
const orders = {
  global: 'global',
  sequential: 'sequential',
  windowed: { type: 'windowed', rows: 16 * 1024 },
};

async function write() {
  const writer = await createDatasetWriter(folder, {
    vocab: {
      size: 30522,
      maskId: 103,
      padId: 0,
      specialIds: [0, 100, 101, 102, 103],
      continuationIds: [],
    },
    tokenizerDigest: '0'.repeat(64),
    rowsPerShard: 16 * 1024,
  });
  for (let row = 0; row < rows; row++) {
    const inputIds = new Uint16Array(length);
    for (let position = 0; position < length; position++) {
      inputIds[position] = 1000 + ((Math.imul(row * length + position, 2654435761) >>> 8) % 29000);
    }
    await writer.append({ inputIds });
  }
  await writer.close();
}

/** Tokens a second, and a second of processor time of all threads, of the first epoch, and then of the second. */
async function throughput(dataset, order, workers) {
  const strategy = tokenMasking({ rate: 0.15 });
  const plan = createPlan({ dataset, strategy, seed: 42n, batch, order });
  const loader = await createLoader({ plan, dataset, workers });
  // Workers start, and code is compiled, on batches that the rest of the epoch does not need.
  for await (const _ of loader.batches({ steps: 20 }));
  const first = await streamed(loader, { epoch: 0, step: 20 }, loader.stepsPerEpoch - 20);
  for await (const _ of loader.batches({ from: { epoch: 1, step: 0 }, steps: 200 }));
  const second = await streamed(loader, { epoch: 1, step: 200 }, Number.POSITIVE_INFINITY);
  await loader.close();
  return { first, second };
}

async function streamed(loader, from, steps) {
  const start = performance.now();
  const before = process.cpuUsage();
  let tokens = 0;
  for await (const one of loader.batches({ from, steps, prefetch: 4 })) {
    tokens += one.rows * length;
    const enough = steps === Number.POSITIVE_INFINITY;
    if (enough && performance.now() - start > seconds * 1000) break;
  }
  const { user, system } = process.cpuUsage(before);
  return {
    passed: (tokens / (performance.now() - start)) * 1000,
    worked: (tokens / (user + system)) * 1e6,
  };
}

/** Tokens a second of readSync alone, in one thread: samples one by one in the global order, or whole record batches. */
function plainReads({ manifest, directory }, whole, hashed) {
  const files = manifest.shards.map(({ path }) => openSync(join(directory, path)));
  const ranges = manifest.shards.flatMap(({ recordBatches, rows: own }, shard) =>
    recordBatches.map((range, index) => ({
      ...range,
      file: files[shard],
      rows: Math.min(manifest.rowsPerRecordBatch, own - index * manifest.rowsPerRecordBatch),
    })),
  );
  const order = globalOrder(manifest.rows, 42n, 1);
  const sample = new Uint8Array(2 * length);
  const all = new Uint8Array(Math.max(...ranges.map(({ bytes }) => bytes)));
  const start = performance.now();
  let tokens = 0;
  for (let position = 0; performance.now() - start < seconds * 1000; ) {
    if (whole) {
      const { file, offset, bytes, rows: own } = ranges[position++ % ranges.length];
      readSync(file, all, 0, bytes, offset);
      if (hashed) createHash('sha256').update(all.subarray(0, bytes)).digest();
      tokens += own * length;
      continue;
    }
    for (const end = position + batch; position < end; position++) {
      const row = order(position % manifest.rows);
      const { file, offset, bytes } = ranges[Math.floor(row / manifest.rowsPerRecordBatch)];
      // All samples are as long: those of a record batch are at its end.
      const within = bytes - 2 * length * (manifest.rowsPerRecordBatch - (row % 1024));
      readSync(file, sample, 0, 2 * length, offset + within);
      tokens += length;
    }
  }
  return (tokens / (performance.now() - start)) * 1000;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const millions = (values) => (median(values) / 1e6).toFixed(1);
const both = (values) =>
  `${millions(values.map(({ passed }) => passed))} / ${millions(values.map(({ worked }) => worked))}`;

if (!existsSync(folder)) await write();
const resident = await openDataset(folder);
const bytes = resident.memory.resident;
const budget = Math.floor(bytes / 4);
console.log(
  `${cpus()[0].model}, ${cpus().length} processors, Node ${process.version}; ${rows} samples of ${length} tokens, ` +
    `${(bytes / 2 ** 20).toFixed(0)} MiB; budget ${(budget / 2 ** 20).toFixed(0)} MiB; medians of ${rounds}; ` +
    `million tokens a second, and a second of processor time of all threads`,
);

const found = {};
const note = (name, value) => {
  found[name] ??= [];
  found[name].push(value);
};
for (let round = 0; round < rounds; round++) {
  note('samples one by one', plainReads(resident, false, false));
  note('record batches', plainReads(resident, true, false));
  note('record batches with SHA-256', plainReads(resident, true, true));
  for (const [name, order] of Object.entries(orders)) {
    for (const workers of [1, 2]) {
      const key = `${name}, ${workers} worker${workers === 1 ? '' : 's'}`;
      const all = await throughput(resident, order, workers);
      note(`${key} resident`, all.second);
      // Opened anew, so that no record batch was verified before.
      const dataset = await openDataset(folder, { memory: budget });
      const some = await throughput(dataset, order, workers);
      dataset.close();
      note(`${key} first`, some.first);
      note(`${key} later`, some.second);
    }
  }
}

console.log(
  '\n| order | resident | four times the budget, first epoch | later epochs | of resident |',
);
console.log('| --- | ---: | ---: | ---: | ---: |');
for (const name of Object.keys(orders)) {
  for (const workers of [1, 2]) {
    const key = `${name}, ${workers} worker${workers === 1 ? '' : 's'}`;
    const [all, first, later] = ['resident', 'first', 'later'].map(
      (part) => found[`${key} ${part}`],
    );
    const worked = (values) => median(values.map((value) => value.worked));
    const share = ((100 * worked(later)) / worked(all)).toFixed(0);
    console.log(`| ${key} | ${both(all)} | ${both(first)} | ${both(later)} | ${share} % |`);
  }
}
console.log('\n| plain readSync in one thread, nothing else | million tokens/s |');
console.log('| --- | ---: |');
for (const name of ['samples one by one', 'record batches', 'record batches with SHA-256']) {
  console.log(`| ${name} | ${millions(found[name])} |`);
}
