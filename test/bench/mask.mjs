// npm run bench:mask: tokens a second of masking, beside peers in Python and memcpy, in one run.
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bertWholeWord, createMasker, kernelBytes, spanbert, tokenMasking } from '@maskloom/core';
import { benchPython, call } from './peers.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const rows = 32;
const width = 512;
const tokens = rows * width;
/** Rounds of every contender in turn, so that a noisy moment meets them all; the median counts. */
const rounds = 7;
const roundMilliseconds = 300;

const specialIds = [0, 100, 101, 102, 103];
const vocab = { size: 30522, maskId: 103, padId: 0, specialIds, continuationIds: [] };
for (let id = 20000; id < 30522; id += 2) vocab.continuationIds.push(id);
let state = 1;
const random = (below) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const batch = Array.from({ length: rows }, () =>
  Uint16Array.from({ length: width }, (_, position) =>
    position === 0 ? 101 : position === width - 1 ? 102 : 1000 + random(29000),
  ),
);

/** Columns of `count` batches in a buffer, used in turn: 1 stays in cache, 512 (67 MB) do not. */
function outputs(count, buffer, start) {
  const starts = Int32Array.from({ length: rows + 1 }, (_, row) => row * width);
  const all = Array.from({ length: count }, (_, at) => {
    const inputIds = new Int32Array(buffer, start + at * outputBytes, tokens);
    const labels = new Int32Array(buffer, start + at * outputBytes + tokens * 4, tokens);
    return { inputIds: inputIds.fill(1), labels: labels.fill(1), starts };
  });
  let next = 0;
  return () => all[next++ % count];
}

const outputBytes = tokens * 8;
function memcpy(count) {
  const from = new Uint8Array(count * outputBytes).fill(1);
  const to = new Uint8Array(count * outputBytes).fill(2);
  const parts = Array.from({ length: count }, (_, at) => [
    to.subarray(at * outputBytes, (at + 1) * outputBytes),
    from.subarray(at * outputBytes, (at + 1) * outputBytes),
  ]);
  let next = 0;
  return () => {
    const [target, source] = parts[next++ % count];
    target.set(source);
  };
}

/** Masks batch after batch; with `inPlace`, into columns that the kernel writes straight to. */
function masking(strategy, count, inPlace) {
  const bytes = kernelBytes(vocab.size);
  const pages = Math.ceil((bytes + count * outputBytes) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const room = inPlace ? { room: { memory, start: 0, bytes } } : {};
  const masker = createMasker({ vocab, seed: 42n, strategy, ...room });
  const output = outputs(
    count,
    inPlace ? memory.buffer : new ArrayBuffer(count * outputBytes),
    inPlace ? bytes : 0,
  );
  const samples = batch.map((ids) => ({ ids, sample: 0 }));
  let sample = 0;
  return () => {
    for (const one of samples) one.sample = sample++;
    masker.maskBatch(samples, { epoch: 0 }, output());
  };
}

const token = tokenMasking({ rate: 0.15 });
const words = bertWholeWord({ maxPredictions: 77 });
const spans = spanbert();
const plain = ({ accelerate: _, ...strategy }) => strategy;
const contenders = {
  'TypeScript, token strategy': masking(plain(token), 1, false),
  'kernel, token strategy': masking(token, 1, true),
  'kernel, token strategy, copied to its columns': masking(token, 1, false),
  'kernel, token strategy, out of cache': masking(token, 512, true),
  'TypeScript, whole word': masking(plain(words), 1, false),
  'kernel, whole word': masking(words, 1, true),
  'TypeScript, spans': masking(plain(spans), 1, false),
  'kernel, spans': masking(spans, 1, true),
  'memcpy of the output': memcpy(1),
  'memcpy of the output, out of cache': memcpy(512),
};

function rate(work) {
  let batches = 0;
  const start = performance.now();
  let now = start;
  while (now - start < roundMilliseconds) {
    work();
    batches++;
    now = performance.now();
  }
  return (batches * tokens) / ((now - start) / 1000);
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const seen = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
for (let round = 0; round <= rounds; round++) {
  for (const [name, work] of Object.entries(contenders)) {
    const value = rate(work);
    // The first round warms up.
    if (round > 0) seen[name].push(value);
  }
}
const rates = Object.fromEntries(
  Object.entries(seen).map(([name, values]) => [name, median(values)]),
);

/** The peers' rates, or why there are none. */
function peers() {
  return JSON.parse(call(benchPython(), [join(here, 'mask_peers.py'), String(rounds), '0.3']));
}
let versions = '';
try {
  if (process.argv.includes('--no-peers')) throw new Error('--no-peers');
  const found = peers();
  versions = found.versions;
  Object.assign(rates, found.rates);
} catch (error) {
  console.log(`Without the peers: ${error.message}\n`);
}

console.log(
  `${rows} × ${width} tokens a batch, one thread, median of ${rounds} rounds; million tokens/s`,
);
console.log(
  `${cpus()[0].model}, Node ${process.version}${versions}; ${new Date().toISOString().slice(0, 10)}\n`,
);
console.log('| | million tokens/s |\n| --- | ---: |');
for (const [name, value] of Object.entries(rates)) {
  console.log(`| ${name} | ${(value / 1e6).toPrecision(3)} |`);
}
const ratios = [
  ['kernel, token strategy', 'HF collator, PyTorch'],
  ['kernel, token strategy', 'HF collator, NumPy'],
  ['kernel, token strategy', 'HF torch_mask_tokens alone'],
  ['kernel, token strategy', 'TypeScript, token strategy'],
  ['kernel, token strategy, out of cache', 'memcpy of the output, out of cache'],
  ['kernel, whole word', 'HF whole-word collator'],
  ['kernel, spans', 'HF whole-word collator'],
];
console.log('\n| | over | ratio |\n| --- | --- | ---: |');
for (const [ours, theirs] of ratios) {
  if (rates[theirs] === undefined) continue;
  console.log(`| ${ours} | ${theirs} | ${(rates[ours] / rates[theirs]).toPrecision(3)} |`);
}
