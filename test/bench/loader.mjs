// npm run bench:loader: tokens a second of the whole path (read, mask, collate, hand over) beside PyTorch's DataLoader
// with Hugging Face's collator, on the same shards; and how long it takes to go on from the middle of an epoch.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tokenMasking } from '@maskloom/core';
import { createLoader, createPlan, readDense } from '@maskloom/loader';
import { createDatasetWriter, openDataset } from '@maskloom/shards';
import { startPeers } from './peers.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const home = join(here, '../../.cache/bench-loader');
const batch = 32;
/** Batches ahead of each of our streams; PyTorch's workers have two each, its default: more make it no faster. */
const prefetch = 128;
const rounds = 9;
const seconds = 1;
const specialIds = [0, 100, 101, 102, 103];
/** Samples of a length: about 10 million tokens. */
const lengths = { 128: 80_000, 512: 20_000 };

/** A dataset of full samples of a length, made once. */
async function datasetOf(length) {
  const folder = join(home, String(length));
  if (!existsSync(folder)) {
    const writer = await createDatasetWriter(folder, {
      vocab: { size: 30522, maskId: 103, padId: 0, specialIds, continuationIds: [] },
      tokenizerDigest: '0'.repeat(64),
      rowsPerShard: 16_384,
    });
    let state = length;
    for (let row = 0; row < lengths[length]; row++) {
      const inputIds = Uint16Array.from({ length }, (_, position) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return position === 0
          ? 101
          : position === length - 1
            ? 102
            : 1000 + ((state >>> 8) % 29000);
      });
      await writer.append({ inputIds });
    }
    await writer.close();
  }
  return openDataset(folder);
}

const planOf = (dataset, rows = batch) =>
  createPlan({ dataset, strategy: tokenMasking({ rate: 0.15 }), seed: 42n, batch: rows });

/** Tokens a second of a stream, once it flows. */
async function throughput(loader) {
  let tokens = 0;
  let index = 0;
  let start = 0;
  for await (const { recordBatch } of loader.batches({ prefetch })) {
    if (index++ < 200) {
      start = performance.now();
      continue;
    }
    const { inputIds, labels } = readDense(recordBatch);
    tokens += inputIds.length;
    if (labels.length !== inputIds.length) throw new Error('a batch without labels');
    const passed = performance.now() - start;
    if (passed > seconds * 1000) return (tokens / passed) * 1000;
  }
}

/** Milliseconds from asking a running pool for the batch at a share of an epoch to having it. */
async function seek(loader, share, times) {
  const step = Math.floor(loader.stepsPerEpoch * share);
  const found = [];
  for (let time = 0; time < times; time++) {
    const start = performance.now();
    for await (const one of loader.batches({ from: { epoch: time, step }, steps: 1 })) {
      if (one.step !== step) throw new Error(`asked for step ${step}, got ${one.step}`);
    }
    found.push(performance.now() - start);
  }
  return median(found);
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const million = (value) => (value / 1e6).toPrecision(3);

if (process.argv[2] === '--cold') {
  const dataset = await datasetOf(128);
  const loader = await createLoader({ plan: planOf(dataset), dataset, workers: 1 });
  await loader.batch({ epoch: 3, step: Math.floor(loader.stepsPerEpoch * 0.9) });
  process.exit(0);
}

const workers = [1, 2];
const datasets = {};
for (const length of Object.keys(lengths)) datasets[length] = await datasetOf(length);
const peers = Object.fromEntries(
  Object.keys(lengths).map((length) => [
    length,
    startPeers('loader_peers.py', [join(home, length)]),
  ]),
);
const versions = await peers[128].ask({ action: 'versions' });
console.log(
  `Dense; ${prefetch} batches ahead; median of ${rounds} rounds of ${seconds} s, after one that is left out; million tokens/s`,
);
console.log(
  `${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}, ${versions}; ${new Date().toISOString().slice(0, 10)}\n`,
);

console.log('| length | batch | workers | Maskloom | DataLoader + HF collator | ratio |');
console.log('| ---: | ---: | ---: | ---: | ---: | ---: |');
const ours = {};
for (const [length, dataset] of Object.entries(datasets)) {
  for (const rows of [batch, 256]) {
    const plan = planOf(dataset, rows);
    const settings = [];
    for (const count of workers) {
      const loader = await createLoader({ plan, dataset, workers: count });
      settings.push({ count, loader, own: [], other: [] });
    }
    // All take turns. The first round is left out: workers start, and code is compiled.
    for (let round = 0; round <= rounds; round++) {
      for (const { count, loader, own, other } of settings) {
        const question = { action: 'throughput', workers: count, batch: rows };
        own[round] = await throughput(loader);
        other[round] = await peers[length].ask({ ...question, seconds: 2 * seconds });
      }
    }
    for (const { count, loader, own, other } of settings) {
      await loader.close();
      const [a, b] = [median(own.slice(1)), median(other.slice(1))];
      ours[`${length} ${rows} ${count}`] = a;
      console.log(
        `| ${length} | ${rows} | ${count} | ${million(a)} | ${million(b)} | ${(a / b).toPrecision(3)} |`,
      );
    }
  }
}
for (const length of Object.keys(lengths)) {
  for (const rows of [batch, 256]) {
    const ratio = ours[`${length} ${rows} 2`] / ours[`${length} ${rows} 1`];
    console.log(`\n${rows} × ${length}: two workers are ${ratio.toPrecision(3)} × one.`);
  }
}

console.log('\n| first batch after a seek, running pool | milliseconds |\n| --- | ---: |');
{
  const dataset = datasets[128];
  const loader = await createLoader({ plan: planOf(dataset), dataset, workers: 1 });
  await throughput(loader);
  for (const share of [0.01, 0.1, 0.5, 0.9]) {
    const milliseconds = await seek(loader, share, 101);
    console.log(`| Maskloom, at ${share * 100} % of an epoch | ${milliseconds.toPrecision(2)} |`);
  }
  await loader.close();
}
const cold = Array.from({ length: rounds }, () => {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--cold'], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`a cold process ended with ${status}`);
  return performance.now() - start;
});
console.log(
  `| Maskloom, a cold process: start, open and verify ${(datasets[128].manifest.tokens / 1e6).toFixed(0)} million tokens, first batch at 90 % | ${median(cold).toFixed(0)} |`,
);

console.log(
  '\n| StatefulDataLoader | at | milliseconds to the first batch | same rows | same masks |',
);
console.log('| --- | ---: | ---: | --- | --- |');
for (const count of [0, 2]) {
  for (const seed of [null, 42]) {
    for (const share of [0.1, 0.9]) {
      const question = { action: 'resume', workers: count, seed, batch, share };
      const { milliseconds, rows, masks } = await peers[512].ask(question);
      const name = `${count} workers, collator ${seed === null ? 'without seed' : 'seeded'}`;
      const [a, b] = [rows, masks].map((same) => (same ? 'yes' : 'no'));
      console.log(`| ${name} | ${share * 100} % | ${milliseconds.toFixed(0)} | ${a} | ${b} |`);
    }
  }
}
for (const one of Object.values(peers)) one.end();
