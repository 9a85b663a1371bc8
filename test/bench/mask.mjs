// npm run bench:mask: tokens a second of masking, beside peers in Python and memcpy, in one run.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bertWholeWord, createMasker, spanbert, tokenMasking } from '@maskloom/core';

const here = dirname(fileURLToPath(import.meta.url));
const home = join(here, '../../.cache/bench-python');
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

/** Output of `count` batches, used in turn: 1 stays in cache, 512 (134 MB) do not. */
function outputs(count) {
  const inputIds = new Int32Array(count * tokens);
  const labels = new Int32Array(count * tokens);
  let next = 0;
  const all = Array.from({ length: count }, (_, at) =>
    Array.from({ length: rows }, (_, row) => {
      const start = at * tokens + row * width;
      return {
        inputIds: inputIds.subarray(start, start + width),
        labels: labels.subarray(start, start + width),
      };
    }),
  );
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

function masking(strategy, count) {
  const masker = createMasker({ vocab, seed: 42n, strategy });
  const output = outputs(count);
  let sample = 0;
  return () => {
    const out = output();
    for (let row = 0; row < rows; row++) {
      masker.maskInto(batch[row], { epoch: 0, sample: sample++ }, out[row]);
    }
  };
}

const token = tokenMasking({ rate: 0.15 });
const contenders = {
  'TypeScript, token strategy': masking({ ...token, accelerate: undefined }, 1),
  'kernel, token strategy': masking(token, 1),
  'kernel, token strategy, out of cache': masking(token, 512),
  'TypeScript, whole word': masking(bertWholeWord({ maxPredictions: 77 }), 1),
  'TypeScript, spans': masking(spanbert(), 1),
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
  const python = join(home, 'bin/python');
  const call = (command, args) => {
    const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (error || status !== 0) throw error ?? new Error(stderr.trim().split('\n').at(-1));
    return stdout;
  };
  if (!existsSync(join(home, 'made'))) {
    console.error(
      'Making a Python environment with PyTorch and transformers in .cache/bench-python',
    );
    call('python3', ['-m', 'venv', home]);
    call(python, ['-m', 'pip', 'install', '--quiet', '-r', join(here, 'requirements.txt')]);
    call('touch', [join(home, 'made')]);
  }
  return JSON.parse(call(python, [join(here, 'mask_peers.py'), String(rounds), '0.3']));
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
  ['TypeScript, whole word', 'HF whole-word collator'],
  ['TypeScript, spans', 'HF whole-word collator'],
];
console.log('\n| | over | ratio |\n| --- | --- | ---: |');
for (const [ours, theirs] of ratios) {
  if (rates[theirs] === undefined) continue;
  console.log(`| ${ours} | ${theirs} | ${(rates[ours] / rates[theirs]).toPrecision(3)} |`);
}
