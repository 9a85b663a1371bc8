import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startSidecar } from '../testing/sidecar.ts';
import type { LogEvent } from '../watch/log.ts';

const bin = fileURLToPath(new URL('../../bin/maskloom-train.js', import.meta.url));

interface Running {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly code: Promise<number | null>;
}

function start(command: string, words: readonly string[]): Running {
  const child = spawn(command, words, { stdio: 'pipe' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = once(child, 'close').then(([code]) => code as number | null);
  return { child, output: () => output, code };
}

/** The loss of each step that a run's log has. */
async function lossesIn(out: string): Promise<number[]> {
  const lines = (await readFile(join(out, 'log.jsonl'), 'utf8')).trim().split('\n');
  const events = lines.map((line) => JSON.parse(line) as LogEvent);
  return events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));
}

Deno.test({
  name: 'a training process',
  sanitizeResources: false,
  sanitizeOps: false,
  async fn(context) {
    const sidecar = await startSidecar();
    const folder = await mkdtemp(join(tmpdir(), 'maskloom-train-'));
    const words = (out: string): string[] => [
      ...[bin, '--url', sidecar.url, '--device', 'wasm', '--threads', '1', '--layers', '1'],
      ...['--hidden', '16', '--heads', '1', '--steps', '1000', '--schedule', 'constant'],
      ...['--tensorboard', join(out, 'events'), '--out', out],
    ];
    /** In a terminal of its own, whose keys are the process's standard input. */
    const startInTerminal = (out: string): Running =>
      start('script', ['-qec', ['node', ...words(out)].join(' '), '/dev/null']);
    const trains = async (out: string): Promise<void> => {
      const log = join(out, 'log.jsonl');
      while (!existsSync(log) || (await lossesIn(out).catch(() => [])).length < 2) await sleep(10);
    };
    const checkpointsOf = (out: string): Promise<string[]> => readdir(join(out, 'checkpoints'));

    try {
      await context.step('stops with a checkpoint at one Ctrl-C in a terminal', async () => {
        const out = join(folder, 'terminal');
        const { child, code, output } = startInTerminal(out);
        await trains(out);
        child.stdin!.write('\x03');
        assert.equal(await code, 130, output());
        const done = (await lossesIn(out)).length;
        assert.match(
          output(),
          new RegExp(`stopped after ${done} of 1000 steps: --resume goes on from there\r?\n`),
        );
        assert.deepEqual(await checkpointsOf(out), [`step-${String(done).padStart(8, '0')}`]);
      });

      for (const [signal, expected] of [
        ['SIGTERM', 143],
        ['SIGHUP', 129],
      ] as const) {
        await context.step(`and at ${signal}`, async () => {
          const out = join(folder, signal);
          const { child, code, output } = start('node', words(out));
          await trains(out);
          process.kill(child.pid!, signal);
          assert.equal(await code, expected, output());
          assert.equal((await checkpointsOf(out)).length, 1);
        });
      }

      await context.step('and when its terminal is closed', async () => {
        const out = join(folder, 'closed');
        const { child, code } = startInTerminal(out);
        await trains(out);
        process.kill(child.pid!, 'SIGKILL');
        await code;
        while ((await checkpointsOf(out)).every((name) => name.includes('tmp'))) await sleep(10);
        assert.equal((await checkpointsOf(out)).length, 1);
      });

      await context.step('ends at once where there is no folder to go on from', async () => {
        const log = join(folder, 'bare', 'log.jsonl');
        const [url, bare] = [
          ['--url', sidecar.url],
          ['--device', 'wasm', '--threads', '1'],
        ];
        const { child, code, output } = start('node', [bin, ...url, ...bare, '--log', log]);
        await trains(join(folder, 'bare'));
        process.kill(child.pid!, 'SIGTERM');
        assert.equal(await code, 143);
        assert.doesNotMatch(output(), /stopped/);
      });
    } finally {
      await sidecar.stop();
      await rm(folder, { recursive: true });
    }
  },
});
