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
  return run(process.execPath, [main, '--out', join(folder, out), ...words]);
}

function run(program: string, words: readonly string[]): Running {
  const mark = randomUUID();
  const child = spawn(program, words, {
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
async function find(mark: string): Promise<{ readonly pid: number; readonly command: string }[]> {
  const found = [];
  for (const pid of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(pid)) continue;
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (!environment.includes(mark)) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => pid);
    found.push({ pid: Number(pid), command: command.replaceAll('\0', ' ') });
  }
  return found;
}

async function alive(mark: string): Promise<string[]> {
  return (await find(mark)).map(({ command }) => command);
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
    ['SIGTERM', 'step 1/'],
  ] as const)('leaves no process behind after %s at "%s"', async (signal, moment) => {
    const demo = start(`stopped-${signal}-${moment.length}`, '--steps', '500');
    while (!demo.output().includes(moment) && demo.child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    demo.child.kill(signal);
    expect(await demo.ended, demo.output()).toBe(130);
    expect(await alive(demo.mark)).toEqual([]);
  });

  // Ctrl-C reaches every process of a terminal; here one alone is ended, and must not leave the others.
  test.each([
    ['SIGTERM', 'npm run', 'Encode'],
    ['SIGKILL', 'npm run', 'Train'],
    ['SIGKILL', 'run.mjs', 'Train'],
  ] as const)(
    'leaves no process behind after %s to "%s" alone at "%s"',
    async (signal, name, moment) => {
      const words = ['--steps', '500', '--out', join(folder, `${signal}-${moment}`)];
      const demo = run('npm', ['run', 'demo', '--', ...words]);
      while (!demo.output().includes(`] ${moment}`) && demo.child.exitCode === null) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(demo.child.exitCode, demo.output()).toBe(null);
      const found = await find(demo.mark);
      const target = found.find(({ command }) => new RegExp(`^(node )?${name}`).test(command));
      process.kill(target!.pid, signal);
      for (let tries = 0; tries < 200 && (await alive(demo.mark)).length > 0; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(await alive(demo.mark)).toEqual([]);
    },
  );

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

  test.each(['README.md', 'README.md/below', '/proc/maskloom'])(
    'refuses --out %s with one line, before any work',
    async (out) => {
      const demo = run(process.execPath, [main, '--out', out]);
      expect(await demo.ended).toBe(1);
      expect(demo.output().trim()).toMatch(/^Cannot write [^\n]+; choose [^\n]+$/);
    },
  );

  test('says that its sidecar was ended from outside, in one line with a remedy', async () => {
    const demo = start('killed', '--steps', '500');
    while (!demo.output().includes('] Train') && demo.child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const sidecar = (await find(demo.mark)).find(({ command }) => command.includes(' serve '));
    process.kill(sidecar!.pid, 'SIGKILL');
    expect(await demo.ended, demo.output()).toBe(1);
    expect(demo.output()).toMatch(
      /\nmaskloom serve was ended by SIGKILL: [^\n]+, and run again\n$/,
    );
    expect(await alive(demo.mark)).toEqual([]);
  });
});
