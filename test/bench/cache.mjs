// npm run bench:cache: reading the masks of static mode beside computing them, for each strategy, in one run on the same
// shards: when the cache pays.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { albert, bertWholeWord, sentenceOrder, spanbert, t5, tokenMasking } from '@maskloom/core';
import { createLoader, createPlan, listCache } from '@maskloom/loader';
import { createDatasetWriter, openDataset } from '@maskloom/shards';

const home = join(dirname(fileURLToPath(import.meta.url)), '../../.cache/bench-cache');
const batch = 32;
/** Rounds of every contender in turn, so that a noisy moment meets them all; the median counts. */
const rounds = 5;
/** Samples of a length: about 5 million tokens. */
const lengths = { 128: 40_960, 512: 10_240 };

const sentinels = { first: 30_621, count: 100 };
const strategies = {
  token: tokenMasking({ rate: 0.15 }),
  'whole word': bertWholeWord({ maxPredictions: 77 }),
  spans: spanbert(),
  'spans, sentence order': sentenceOrder(albert()),
  t5: t5({ sentinels, end: 102 }),
};

/** A dataset of full samples of a length, every second token of which goes on with a word; made once. */
async function datasetOf(length) {
  const folder = join(home, String(length));
  if (!existsSync(folder)) {
    const specialIds = [0, 100, 101, 102, 103];
    for (let id = 0; id < 100; id++) specialIds.push(30_522 + id);
    const continuationIds = [];
    for (let id = 16_000; id < 30_522; id++) continuationIds.push(id);
    const writer = await createDatasetWriter(folder, {
      vocab: { size: 30_622, maskId: 103, padId: 0, specialIds, continuationIds },
      tokenizerDigest: '0'.repeat(64),
      columns: ['segment'],
      rowsPerShard: 16_384,
    });
    let state = length;
    for (let row = 0; row < lengths[length]; row++) {
      const inputIds = Uint16Array.from({ length }, (_, position) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        if (position === 0) return 101;
        return position === length - 1 ? 102 : 1000 + ((state >>> 8) % 29_000);
      });
      await writer.append({ inputIds, segment: length >> 1 });
    }
    await writer.close();
  }
  return openDataset(folder);
}

/** Milliseconds of processor time that an action takes, in all threads: other processes do not count. */
async function timed(action) {
  const start = process.cpuUsage();
  const result = await action();
  const { user, system } = process.cpuUsage(start);
  return { result, milliseconds: (user + system) / 1000 };
}

/** Milliseconds of an epoch. */
async function epoch(loader, number) {
  const { milliseconds } = await timed(() => readEpoch(loader, number));
  return milliseconds;
}

async function readEpoch(loader, number) {
  const from = { epoch: number, step: 0 };
  let rows = 0;
  for await (const one of loader.batches({ from, steps: loader.stepsPerEpoch, prefetch: 0 })) {
    rows += one.rows;
  }
  return rows;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

console.log(
  `Batches of ${batch} samples, computed in the calling thread; median of ${rounds} rounds of an epoch; million tokens a second of processor time`,
);
console.log(
  `${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}; ${new Date().toISOString().slice(0, 10)}\n`,
);
console.log(
  '| length | strategy | computed | computed and kept | read | read / computed | entries, bytes a sample | of the shards | opening, ms | pays from epoch |',
);
console.log('| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
for (const length of Object.keys(lengths).map(Number)) {
  const dataset = await datasetOf(length);
  const shardBytes = dataset.manifest.shards.reduce((sum, { bytes }) => sum + bytes, 0);
  const seen = Object.fromEntries(
    Object.keys(strategies).map((name) => [
      name,
      { computed: [], kept: [], read: [], opening: [], bytes: 0 },
    ]),
  );
  for (let round = 0; round <= rounds; round++) {
    for (const [name, strategy] of Object.entries(strategies)) {
      const options = { dataset, strategy, seed: 42n, batch, mode: 'static', copies: 2 };
      const values = await measure(createPlan(options), dataset);
      // The first round warms up.
      if (round === 0) continue;
      for (const part of ['computed', 'kept', 'read', 'opening'])
        seen[name][part].push(values[part]);
      seen[name].bytes = values.bytes;
    }
  }
  for (const [name, values] of Object.entries(seen)) print(length, name, values, shardBytes);
}

/** Milliseconds of an epoch with and without a cache, and of opening a cache with the masks of an epoch in it. */
async function measure(plan, dataset) {
  const directory = await mkdtemp(join(home, 'masks-'));
  const open = (cache) => createLoader({ plan, dataset, workers: 0, ...cache });
  const cache = { cache: { directory } };
  // The first of the two copies warms up.
  const plain = await open({});
  await epoch(plain, 0);
  const computed = await epoch(plain, 1);
  await plain.close();
  // The keeper has its turn at the end, where its price can be told from the stream's: no other user of it needs that.
  const late = { cache: { directory, timing: { interval: 2 ** 30 } } };
  const first = await timed(() => open(late));
  await epoch(first.result, 0);
  const stream = await epoch(first.result, 1);
  const writing = await timed(() => first.result.close());
  const second = await timed(() => open(cache));
  await epoch(second.result, 0);
  const read = await epoch(second.result, 1);
  if (second.result.cacheCounts.computed > 0) throw new Error('masks were computed again');
  await second.result.close();
  const [{ bytes }] = await listCache(directory);
  await rm(directory, { recursive: true });
  // Starting the keeper's thread takes as long whatever there is; there are two copies.
  const opening = (second.milliseconds - first.milliseconds) / 2;
  const kept = stream + writing.milliseconds / 2;
  return { computed, kept, read, opening, bytes: bytes / 2 };
}

function print(length, name, values, shardBytes) {
  const samples = lengths[length];
  const parts = ['computed', 'kept', 'read', 'opening'];
  const [computed, kept, read, opening] = parts.map((part) => median(values[part]));
  const rate = (milliseconds) => ((samples * length) / milliseconds / 1000).toPrecision(3);
  // Keeping costs once, and so does opening; reading saves in each epoch after the first.
  const pays =
    read < computed ? 2 + Math.ceil((kept - computed + opening) / (computed - read)) : 'never';
  const bytes = (values.bytes / samples).toFixed(0);
  const share = ((100 * values.bytes) / shardBytes).toFixed(0);
  const gain = (computed / read).toPrecision(3);
  console.log(
    `| ${length} | ${name} | ${rate(computed)} | ${rate(kept)} | ${rate(read)} | ${gain} | ${bytes} | ${share} % | ${opening.toFixed(0)} | ${pays} |`,
  );
}
