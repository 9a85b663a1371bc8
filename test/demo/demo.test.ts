import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const main = fileURLToPath(new URL('../../examples/demo/dist/main.js', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-demo-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A demo that runs; all that it starts carries `mark` in its environment. */
interface Running {
  readonly child: ChildProcess;
  readonly mark: string;
  /** What it has printed so far. */
  output(): string;
  readonly ended: Promise<number>;
}

function start(out: string, ...words: string[]): Running {
  const mark = randomUUID();
  const child = spawn(process.execPath, [main, '--out', join(folder, out), ...words], {
    cwd: root,
    env: { ...process.env, MASKLOOM_TEST_MARK: mark },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      output += part;
    });
  }
  const ended = new Promise<number>((resolve) => {
    child.once('close', (code) => resolve(code ?? -1));
  });
  return { child, mark, output: () => output, ended };
}

/** Processes whose environment carries a mark. */
async function alive(mark: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(pid)) continue;
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environment.includes(mark)) {
      found.push(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => pid));
    }
  }
  return found;
}

async function losses(out: string): Promise<number[]> {
  const lines = (await readFile(join(folder, out, 'train.jsonl'), 'utf8')).trim().split('\n');
  const events = lines.map((line) => JSON.parse(line) as { type: string; loss: number });
  return events.filter(({ type }) => type === 'step').map(({ loss }) => loss);
}

const digestOf = (output: string) => /Stream digest\s+([0-9a-f]{64})/.exec(output)?.[1];

// Training takes its time on a busy machine.
describe('the demo', { timeout: 400_000 }, () => {
  test('trains on what maskloom verify computes, twice alike, with any number of workers', async () => {
    const first = start('first', '--steps', '6', '--workers', '2');
    expect(await first.ended, first.output()).toBe(0);
    const second = start('second', '--steps', '6', '--workers', '1');
    expect(await second.ended, second.output()).toBe(0);
    expect(digestOf(first.output())).toBeDefined();
    expect(digestOf(second.output())).toBe(digestOf(first.output()));
    expect(await losses('first')).toHaveLength(6);
    expect(await losses('second')).toEqual(await losses('first'));
    const report = await readFile(join(folder, 'first', 'report.html'), 'utf8');
    expect(report).toContain(digestOf(first.output()));
    expect(await alive(first.mark)).toEqual([]);
  });

  test.each([
    ['SIGINT', 'Encode'],
    ['SIGINT', 'Train'],
    ['SIGTERM', 'step 10'],
  ] as const)('leaves no process behind after %s at "%s"', async (signal, moment) => {
    const demo = start(`stopped-${signal}-${moment.length}`, '--steps', '500');
    while (!demo.output().includes(moment) && demo.child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    demo.child.kill(signal);
    expect(await demo.ended, demo.output()).toBe(130);
    expect(await alive(demo.mark)).toEqual([]);
  });

  test.each([
    [['--steps', '0'], /steps/],
    [['--workers', 'two'], /workers/],
    [['--colour'], /colour/],
  ])('refuses %j with one line', async (words, message) => {
    const demo = start('refused', ...words);
    expect(await demo.ended).toBe(2);
    expect(demo.output()).toMatch(message);
    expect(demo.output().trim().split('\n')).toHaveLength(1);
  });
});
