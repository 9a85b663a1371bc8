// npm run bench:train: how long a training step takes beside PyTorch's and tfjs's, how much of the time is spent waiting for data,
// and whether memory grows.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchPython } from './peers.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const app = join(root, 'apps/trainer');
const deno = createRequire(join(app, 'package.json'))('deno/install_api.cjs').runInstall();
const maskloom = join(root, 'apps/loader/bin/maskloom.js');
const tfjs = { '@tensorflow/tfjs': '4.22.0', '@tensorflow/tfjs-backend-wasm': '4.22.0' };

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

/** Median seconds of the steps after the first ones, which compile. */
function ours(size, threads, steps = 8) {
  const asked = JSON.stringify({ ...size, threads, steps });
  const script = join(app, 'src/testing/time-steps.ts');
  const { seconds } = json(deno, ['run', '-A', '--no-check', script, asked]);
  return median(seconds.slice(2));
}

function pytorch(size, threads, head, steps = 8) {
  const asked = JSON.stringify({ ...size, threads, steps, head });
  const env = { OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads) };
  const { seconds } = json(benchPython(), [join(here, 'train_peers.py'), asked], env);
  return median(seconds.slice(2));
}

function tensorflow(size, steps = 4) {
  const home = join(root, '.cache/bench-tfjs');
  if (!existsSync(join(home, 'node_modules/@tensorflow/tfjs-backend-wasm'))) {
    console.error('Installing tfjs in .cache/bench-tfjs');
    mkdirSync(home, { recursive: true });
    const packages = Object.entries(tfjs).map(([name, version]) => `${name}@${version}`);
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts'];
    spawnSync('npm', ['install', '--prefix', home, ...quiet, ...packages], { stdio: 'inherit' });
  }
  const asked = JSON.stringify({ ...size, steps });
  const { seconds } = json(process.execPath, [join(here, 'train_tfjs.mjs'), home, asked]);
  return median(seconds.slice(1));
}

const rate = ({ rows, length }, seconds) => (rows * length) / seconds;
const digits = (value) => Number(value.toPrecision(3)).toLocaleString('en');

function stepTimes() {
  const rows = [];
  for (const [name, size] of [
    [`${large.rows} × ${large.length}, vocabulary 30,522`, large],
    [`${small.rows} × ${small.length}, vocabulary 8,192`, small],
  ]) {
    for (const threads of [1, 2]) {
      const [mine, theirs, whole] = [
        ours(size, threads),
        pytorch(size, threads, 'masked'),
        pytorch(size, threads, 'all'),
      ];
      const line = [mine, theirs, whole].map((seconds) => digits(rate(size, seconds)));
      rows.push(`| ${name} | ${threads} | ${line.join(' | ')} | ${digits(theirs / mine)} |`);
    }
  }
  console.log(`| batch | threads | Maskloom, jax-js on Wasm | PyTorch | PyTorch, head on all positions | Maskloom ÷ PyTorch |
| --- | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}
`);
  const seconds = tensorflow(small);
  console.log(
    `tfjs ${tfjs['@tensorflow/tfjs']} on Wasm, ${small.rows} × ${small.length}, vocabulary 8,192, one thread: ${digits(rate(small, seconds))} tokens/s; Maskloom is ${digits(seconds / ours(small, 1))} × as fast.\n`,
  );
}

/** Trains on a sidecar with one worker, and reads how long it waited. */
async function waiting() {
  const folder = mkdtempSync(join(tmpdir(), 'maskloom-bench-train-'));
  const at = (name) => join(folder, name);
  const texts = ['README.md', 'CHANGELOG.md', 'docs'].map((name) => join(root, name));
  const run = (...words) => {
    const { status, stderr } = spawnSync(process.execPath, [maskloom, ...words], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
  };
  run('tokenizer', 'train', ...texts, '--vocab-size', '4000', '--out', at('tokenizer'));
  const encode = ['--tokenizer', at('tokenizer'), '--max-length', '128', '--out', at('data')];
  run('encode', ...texts, ...encode);
  run('plan', '--data', at('data'), '--batch', '32', '--out', at('plan.json'));
  const serve = ['serve', '--plan', at('plan.json'), '--data', at('data'), '--port', '0'];
  const sidecar = spawn(process.execPath, [maskloom, ...serve, '--workers', '1']);
  try {
    const url = await new Promise((resolve) => {
      sidecar.stdout.on('data', (text) => {
        const found = /^listening on (http:\S+), plan /m.exec(String(text))?.[1];
        if (found) resolve(found);
      });
    });
    const words = ['--url', url, '--steps', '60', '--log', at('log.jsonl'), '--device', 'wasm'];
    const { status, stderr } = spawnSync(
      deno,
      ['run', '-A', '--no-check', join(app, 'src/main.ts'), ...words],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(stderr);
    const events = readFileSync(at('log.jsonl'), 'utf8').trim().split('\n').map(JSON.parse);
    const steps = events.filter(({ type }) => type === 'step').slice(5);
    const sum = (key) => steps.reduce((total, step) => total + step[key], 0);
    const share = (100 * sum('waiting')) / sum('seconds');
    console.log(
      `Of ${digits(sum('seconds'))} s of training on a sidecar with one worker (32 × 128, BERT tiny), ${digits(1000 * sum('waiting'))} ms were spent waiting for batches: ${digits(share)} %.\n`,
    );
  } finally {
    sidecar.kill();
    rmSync(folder, { recursive: true });
  }
}

function memory() {
  const size = { vocab: 1000, length: 32, rows: 4, masked: 5, layers: 2, hidden: 32, heads: 2 };
  const asked = JSON.stringify({ ...size, threads: 1, steps: 2000, memoryEvery: 200 });
  const script = join(app, 'src/testing/time-steps.ts');
  const found = json(deno, ['run', '-A', '--no-check', script, asked]);
  const megabytes = found.memory.map((bytes) => Math.round(bytes / 1e6));
  console.log(
    `Resident memory after every 200 of 2,000 steps of a small model, in MB: ${megabytes.join(', ')}.`,
  );
}

const versions = json(benchPython(), [
  '-c',
  'import json, torch, transformers; print(json.dumps([torch.__version__, transformers.__version__]))',
]);
const processor = cpus()[0].model.trim() || 'unknown processor';
const jax = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')).dependencies['@jax-js/jax'];
console.log(`Tokens/s of training steps; BERT tiny (2 layers of 128), ${tiny.masked} of ${tiny.length} tokens hidden, AdamW; medians of 6 steps
${processor}, ${cpus().length} cores, jax-js ${jax}, PyTorch ${versions[0]}, transformers ${versions[1]}; ${new Date().toISOString().slice(0, 10)}
`);
stepTimes();
await waiting();
memory();
