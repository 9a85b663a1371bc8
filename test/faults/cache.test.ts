import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bertWholeWord } from '@maskloom/core';
import {
  type CacheCounts,
  createLoader,
  createPlan,
  listCache,
  type Plan,
  StreamDigest,
  verifyCache,
} from '@maskloom/loader';
import { canonicalJson, type Dataset, type Json, openDataset } from '@maskloom/shards';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { run } from '../support/run.ts';
import { writeTinyDataset } from '../support/tiny-dataset.ts';

const script = fileURLToPath(new URL('./cache-process.mjs', import.meta.url));
const rows = 500;
const epochs = 3;

let folder: string;
let dataset: Dataset;
let undisturbed: string;
let plan: Plan;
let cache: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-cache-faults-'));
  await writeTinyDataset(join(folder, 'data'), rows);
  dataset = await openDataset(join(folder, 'data'));
  plan = planOf(2);
  await writePlan('plan.json', plan);
  undisturbed = await digestOf(plan);
});
beforeEach(async () => {
  cache = await mkdtemp(join(folder, 'cache-'));
});
afterEach(() => rm(cache, { recursive: true, force: true }));
afterAll(() => rm(folder, { recursive: true }));

function planOf(copies: number): Plan {
  const strategy = bertWholeWord();
  return createPlan({ dataset, strategy, seed: 7n, batch: 20, mode: 'static', copies });
}

async function writePlan(name: string, written: Plan): Promise<void> {
  await writeFile(join(folder, name), canonicalJson(written as unknown as Json));
}

async function digestOf(read: Plan): Promise<string> {
  await using loader = await createLoader({ plan: read, dataset, workers: 0 });
  const digest = new StreamDigest(loader.planId);
  const steps = epochs * loader.stepsPerEpoch;
  for await (const batch of loader.batches({ steps, digest: true })) {
    digest.updateDigests(batch.digests!);
  }
  return digest.hex();
}

interface Seen {
  readonly digest: string;
  readonly counts: CacheCounts;
  readonly events: readonly { readonly type: string; readonly problem?: string }[];
}

const words = (options: object, file = 'plan.json') => [
  script,
  JSON.stringify({ data: join(folder, 'data'), plan: join(folder, file), ...options }),
];

function parse(stdout: string): Seen {
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Seen;
}

/** What a process saw that read the plan to its end. */
async function read(options: object = { directory: cache }): Promise<Seen> {
  const { code, stdout, stderr } = await run(process.execPath, words({ cache: options, epochs }));
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return parse(stdout);
}

test('killed at any moment a process leaves whole entries only, and the next takes them up', async () => {
  // So many copies that masks are new, and written, all the time.
  await writePlan('many.json', planOf(100_000));
  const timing = { entryBytes: 2000, entryAge: 0, interval: 1 };
  const [kills, mostKills] = [8, 80];
  let unfinished = 0;
  // Until some were killed in the middle of writing.
  for (let kill = 0; kill < kills || (unfinished === 0 && kill < mostKills); kill++) {
    const options = { cache: { directory: cache, timing, limit: 2 ** 31 } };
    const child = spawn(process.execPath, words(options, 'many.json'), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await new Promise((resolve) => setTimeout(resolve, 40 + ((23 * kill) % 184)));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    const { torn } = await verifyCache(cache);
    expect(torn).toEqual([]);
    const names = await readdir(cache, { recursive: true });
    unfinished += names.filter((name) => name.endsWith('.tmp')).length;
  }
  const [family] = await listCache(cache);
  expect(family!.samples).toBeGreaterThan(0);
  expect(unfinished).toBeGreaterThan(0);
  const { digest, counts, events } = await read();
  expect(events).toEqual([]);
  expect(digest).toBe(undisturbed);
  expect(counts.computed + counts.read).toBe(epochs * rows);
  expect(counts.computed).toBeLessThan(2 * rows);
  // Epochs and masks are those of the shorter plan as well: all that is missing is computed.
  expect((await read()).counts).toEqual({ computed: 0, read: epochs * rows });
});

test('three processes at once give the same stream and leave whole entries, which a fourth reads', async () => {
  const timing = { entryAge: 0, interval: 5 };
  const seen = await Promise.all([0, 1, 2].map(() => read({ directory: cache, timing })));
  for (const { digest, events } of seen) {
    expect(digest).toBe(undisturbed);
    expect(events).toEqual([]);
  }
  expect((await verifyCache(cache)).torn).toEqual([]);
  const fourth = await read();
  expect(fourth.digest).toBe(undisturbed);
  expect(fourth.counts).toEqual({ computed: 0, read: epochs * rows });
});

test('a process of Deno keeps the same masks, and one of Node reads them', async () => {
  const trainer = createRequire(new URL('../../apps/trainer/package.json', import.meta.url));
  const deno = [trainer.resolve('deno/bin.cjs'), 'run', '-A', '--node-modules-dir=manual'];
  const child = words({ cache: { directory: cache }, epochs });
  const { code, stdout, stderr } = await run(process.execPath, [...deno, ...child]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const inDeno = parse(stdout);
  expect(inDeno).toEqual({
    digest: undisturbed,
    counts: { computed: 2 * rows, read: rows },
    events: [],
  });
  const inNode = await read();
  expect(inNode.digest).toBe(undisturbed);
  expect(inNode.counts).toEqual({ computed: 0, read: epochs * rows });
});

/** A shell that has a file system of its own, which goes with it; undefined where that is not allowed. */
async function withFileSystem(options: string): Promise<readonly string[] | undefined> {
  const mount = `mount -t tmpfs -o ${options} tmpfs '${cache}'`;
  const { code } = await run('unshare', ['-rm', 'sh', '-c', mount]);
  if (code !== 0) return undefined;
  const child = words({
    cache: { directory: cache, timing: { entryAge: 0, interval: 5 } },
    epochs,
  });
  const command = [process.execPath, ...child].map((word) => `'${word}'`).join(' ');
  return ['-rm', 'sh', '-c', `${mount} && exec ${command}`];
}

test.for([
  ['is full', 'size=8k', /ENOSPC/],
  ['can not be written to', 'ro', /EROFS/],
] as const)(
  'a disk that %s is reported once, and the stream goes on',
  async ([, options, problem], { skip }) => {
    const shell = await withFileSystem(options);
    if (shell === undefined) return skip('unshare -rm can not mount a file system here');
    const { code, stdout, stderr } = await run('unshare', shell);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const { digest, counts, events } = parse(stdout);
    expect(digest).toBe(undisturbed);
    expect(events).toHaveLength(1);
    expect(events[0]!.type).toBe('cache-off');
    expect(events[0]!.problem).toMatch(problem);
    // What is in memory is read nevertheless.
    expect(counts).toEqual({ computed: 2 * rows, read: rows });
  },
);
