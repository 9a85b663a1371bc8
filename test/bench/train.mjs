// npm run bench:train: how long a training step takes beside PyTorch's and tfjs's, how much of the time is spent waiting for data,
// and whether memory grows.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchPython, call } from './peers.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const app = join(root, 'apps/trainer');
const deno = createRequire(join(app, 'package.json'))('deno/install_api.cjs').runInstall();
const maskloom = join(root, 'apps/loader/bin/maskloom.js');
const tfjs = { '@tensorflow/tfjs': '4.22.0', '@tensorflow/tfjs-backend-wasm': '4.22.0' };

const rounds = 3;
const tiny = { layers: 2, hidden: 128, heads: 2, length: 128, masked: 19 };
const large = { ...tiny, vocab: 30522, rows: 32 };
const small = { ...tiny, vocab: 8192, rows: 8 };

/** Runs a program that prints one line of JSON. */
function json(command, args, env = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    ...{ encoding: 'utf8', maxBuffer: 1 << 28 },
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw new Error(`${command} ${args[0]} failed: ${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Seconds of the steps after the first two, which compile and warm up. */
function ours(size, threads) {
  const asked = JSON.stringify({ ...size, threads, steps: 6 });
  const script = join(app, 'src/testing/time-steps.ts');
  return json(deno, ['run', '-A', '--no-check', script, asked]).seconds.slice(2);
}

function pytorch(size, threads, head) {
  const asked = JSON.stringify({ ...size, threads, head, steps: 6 });
  const env = { OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads) };
  return json(benchPython(), [join(here, 'train_peers.py'), asked], env).seconds.slice(2);
}

/** Installs tfjs where it is no dependency of ours, once. */
function tfjsHome() {
  const home = join(root, '.cache/bench-tfjs');
  if (existsSync(join(home, 'node_modules/@tensorflow/tfjs-backend-wasm'))) return home;
  console.error('Installing tfjs in .cache/bench-tfjs');
  mkdirSync(home, { recursive: true });
  const packages = Object.entries(tfjs).map(([name, version]) => `${name}@${version}`);
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts'];
  call('npm', ['install', '--prefix', home, ...quiet, ...packages]);
  return home;
}

/** As above; it is so slow that two steps have to do. */
function tensorflow(size) {
  const asked = JSON.stringify({ ...size, steps: 3 });
  const script = join(here, 'train_tfjs.mjs');
  return json(process.execPath, [script, tfjsHome(), asked]).seconds.slice(1);
}

const digits = (value) => Number(value.toPrecision(3)).toLocaleString('en');

/** Everybody in turn, several times, so that what else the machine does meets all alike. */
function compare(size, threads) {
  const seen = { ours: [], masked: [], all: [] };
  for (let round = 0; round < rounds; round++) {
    seen.ours.push(...ours(size, threads));
    seen.masked.push(...pytorch(size, threads, 'masked'));
    seen.all.push(...pytorch(size, threads, 'all'));
  }
  const seconds = [median(seen.ours), median(seen.masked), median(seen.all)];
  if (threads === 1) seconds.push(median(tensorflow(size)));
  const { rows, length, vocab } = size;
  const rates = seconds.map((each) => digits((rows * length) / each));
  if (threads !== 1) rates.push('');
  const name = `${rows} × ${length}, ${vocab.toLocaleString('en')} ids`;
  return `| ${name} | ${threads} | ${rates.join(' | ')} | ${digits(seconds[1] / seconds[0])} |`;
}

/** Serves text to whoever trains on it; `words` are for its plan. */
async function withSidecar(words, use) {
  const folder = mkdtempSync(join(tmpdir(), 'maskloom-bench-train-'));
  const at = (name) => join(folder, name);
  const texts = ['README.md', 'CHANGELOG.md', 'docs'].map((name) => join(root, name));
  const run = (...words) => call(process.execPath, [maskloom, ...words]);
  run('tokenizer', 'train', ...texts, '--vocab-size', '4000', '--out', at('tokenizer'));
  const encode = ['--tokenizer', at('tokenizer'), '--max-length', '128', '--out', at('data')];
  run('encode', ...texts, ...encode);
  run('plan', '--data', at('data'), ...words, '--out', at('plan.json'));
  const serve = ['serve', '--plan', at('plan.json'), '--data', at('data'), '--port', '0'];
  const sidecar = spawn(process.execPath, [maskloom, ...serve, '--workers', '1']);
  try {
    const url = await new Promise((resolve, reject) => {
      sidecar.once('close', () => reject(new Error('maskloom serve ended before it listened')));
      sidecar.stdout.on('data', (text) => {
        const found = /^listening on (http:\S+), plan /m.exec(String(text))?.[1];
        if (found) resolve(found);
      });
    });
    await use(url, at);
  } finally {
    sidecar.kill();
    rmSync(folder, { recursive: true });
  }
}

const trainer = ['run', '-A', '--no-check', join(app, 'src/main.ts'), '--device', 'wasm'];

/** The events of a type that a log has so far. */
function eventsOf(log, type) {
  const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : [];
  return lines.map(JSON.parse).filter((event) => event.type === type);
}

/** Trains on a sidecar with one worker, and reads how long it waited. */
async function waiting(url, at) {
  for (const threads of [1, 2]) {
    const log = at(`log-${threads}.jsonl`);
    const words = ['--url', url, '--steps', '60', '--log', log];
    call(deno, [...trainer, ...words, '--threads', String(threads)]);
    const steps = eventsOf(log, 'step').slice(5);
    const sum = (key) => steps.reduce((total, step) => total + step[key], 0);
    const share = (100 * sum('waiting')) / sum('seconds');
    console.log(
      `| ${threads} | ${digits(sum('seconds'))} | ${digits(1000 * sum('waiting'))} | ${digits(share)} % |`,
    );
  }
}

/** Trains a small model on batches of unlike shapes, and reads how much memory its process has. */
async function memory(url, at) {
  const every = 200;
  const log = at('log.jsonl');
  const size = ['--layers', '2', '--hidden', '32', '--heads', '2', '--threads', '1'];
  const words = ['--url', url, '--steps', '2000', '--log', log, ...size];
  const child = spawn(deno, [...trainer, ...words], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const megabytes = [];
  const timer = setInterval(() => {
    if (eventsOf(log, 'step').length < (megabytes.length + 1) * every) return;
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    // None of a process that has just ended.
    const resident = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    if (resident !== undefined) megabytes.push(Math.round(Number(resident) / 1000));
  }, 200);
  const code = await ended;
  clearInterval(timer);
  if (code !== 0) throw new Error(`the trainer ended with exit code ${code}`);
  const steps = eventsOf(log, 'step').length.toLocaleString('en');
  console.log(
    `\nResident memory after every ${every} of ${steps} steps of a small model on batches of unlike shapes, in MB: ${megabytes.join(', ')}.`,
  );
}

const versions = json(benchPython(), [
  '-c',
  'import json, torch, transformers; print(json.dumps([torch.__version__, transformers.__version__]))',
]);
const jax = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')).dependencies['@jax-js/jax'];
console.log(
  `Training steps of BERT tiny (2 layers of 128), ${tiny.masked} of ${tiny.length} tokens hidden, AdamW; medians of ${4 * rounds} steps (tfjs: 2); tokens/s`,
);
console.log(
  `${cpus()[0].model}, ${cpus().length} cores, jax-js ${jax} on Wasm, PyTorch ${versions[0]}, transformers ${versions[1]}, tfjs ${tfjs['@tensorflow/tfjs']} on Wasm; ${new Date().toISOString().slice(0, 10)}\n`,
);
console.log(
  '| batch | threads | Maskloom | PyTorch | PyTorch, logits of all positions | tfjs | Maskloom / PyTorch |',
);
console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
for (const size of [large, small]) {
  for (const threads of [1, 2]) console.log(compare(size, threads));
}
console.log(
  '\n| threads | seconds of 55 steps on a sidecar | milliseconds waiting for batches | share |',
);
console.log('| ---: | ---: | ---: | ---: |');
await withSidecar(['--batch', '32'], waiting);
await withSidecar(['--max-tokens', '1024'], memory);
