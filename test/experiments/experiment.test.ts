import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const main = fileURLToPath(new URL('../../examples/experiments/dist/main.js', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-experiment-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the smallest studies to their end, or until they have printed `stopAt`. */
async function experiment(words: readonly string[], stopAt?: string): Promise<Ended> {
  const study = ['--study', 'static-vs-dynamic', '--quick', folder];
  const child = spawn(process.execPath, [main, ...study, ...words]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      output += part;
      if (stopAt !== undefined && output.includes(stopAt)) child.kill('SIGTERM');
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

const runsOf = async (): Promise<string[]> =>
  (await readdir(join(folder, 'runs'))).filter((name) => !name.startsWith('measures-')).sort();

async function read(run: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(folder, 'runs', run), 'utf8')) as Record<string, unknown>;
}

// Training takes its time on a busy machine.
describe('experiments with the real trainer', { timeout: 400_000 }, () => {
  test('what was stopped goes on where it was, and ends with a report', async () => {
    const stopped = await experiment(['--jobs', '1'], 'seed 1: done');
    expect(stopped.code, stopped.output).toBe(130);
    const [done, ...others] = await runsOf();
    expect(done).toMatch(/^dynamic-seed-1-[0-9a-f]{12}\.json$/);
    expect(others).toEqual([]);
    const before = await read(done!);

    const early = await experiment(['--report-only']);
    expect(early.output).toContain(
      'no report of static-vs-dynamic: 1 of 2 runs of dynamic are done',
    );
    expect(existsSync(join(folder, 'static-vs-dynamic.md'))).toBe(false);

    const whole = await experiment([]);
    expect(whole.code, whole.output).toBe(0);
    expect(whole.output).toContain('1 of 6 runs are done');
    expect(await runsOf()).toHaveLength(6);
    expect(await read(done!)).toEqual(before);
    const page = await readFile(join(folder, 'static-vs-dynamic.md'), 'utf8');
    expect(page).toContain(`| dynamic | 1 | \`${before['planId']}\` | \`${before['digest']}\` |`);
    for (const [, plot] of page.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)) {
      expect(await readFile(join(folder, plot!), 'utf8')).toContain('</svg>');
    }
  });

  test('a run that is trained again comes to the same, bit for bit', async () => {
    const run = (await runsOf()).find((name) => name.startsWith('static-1-seed-2-'))!;
    const { losses, evaluations, digest, planId } = await read(run);
    await rm(join(folder, 'runs', run));
    const again = await experiment([]);
    expect(again.output).toContain('5 of 6 runs are done');
    expect(losses).toHaveLength(6);
    expect(await read(run)).toMatchObject({ losses, evaluations, digest, planId });
  });
});
