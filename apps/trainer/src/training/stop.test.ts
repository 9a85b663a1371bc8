import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultDevice, init } from '@jax-js/jax';
import { runRanks } from '../ranks/run-ranks.ts';
import { quietly, tinyRun, watching } from '../testing/run.ts';
import { startSidecar } from '../testing/sidecar.ts';
import { type StallingProxy, startStallingProxy } from '../testing/stalling-proxy.ts';
import type { LogEvent, LogEventOf } from '../watch/log.ts';
import { silentProgress } from '../watch/progress.ts';
import type { RunResult } from './run.ts';
import type { RunOptions } from './run-options.ts';

await init('wasm');
defaultDevice('wasm');

interface Trained extends RunResult {
  readonly events: readonly LogEvent[];
  readonly lines: readonly string[];
}

const of = <Type extends LogEvent['type']>({ events }: Trained, type: Type): LogEventOf<Type>[] =>
  events.filter((event): event is LogEventOf<Type> => event.type === type);

Deno.test({
  name: 'a run that is told to stop',
  // fetch() keeps connections open for later.
  sanitizeResources: false,
  sanitizeOps: false,
  async fn(context) {
    const sidecar = await startSidecar();
    const folder = await mkdtemp(join(tmpdir(), 'maskloom-stop-'));
    const base: Partial<RunOptions> = {
      ...{ steps: 12, dropout: 0.1, optimizer: 'lamb', schedule: 'cosine', evalEvery: 5 },
    };

    /** Trains, and tells the run to stop when something is logged. */
    async function train(
      change: Partial<RunOptions>,
      { ranks = 1, stop = new AbortController(), stopAt = (_: LogEvent): boolean => false } = {},
    ): Promise<Trained> {
      const events: LogEvent[] = [];
      const lines: string[] = [];
      const quiet = quietly({
        stop: stop.signal,
        watch: async () => ({
          ...watching((event) => {
            events.push(event);
            if (stopAt(event)) stop.abort();
          }),
          progress: { ...silentProgress, line: (line) => void lines.push(line) },
        }),
      });
      const options = tinyRun(sidecar, { ...base, ...change });
      const result = await runRanks(options, quiet, { ranks, device: 'wasm', threads: 1 });
      return { ...result, events, lines };
    }
    const after =
      (step: number) =>
      (event: LogEvent): boolean =>
        event.type === 'step' && event.step === step - 1;
    /** Has a sidecar gone for good from the first step on; it does not stop the run. */
    const closing =
      (proxy: StallingProxy) =>
      (event: LogEvent): boolean => {
        if (event.type === 'step') proxy.close();
        return false;
      };

    try {
      for (const ranks of [1, 2, 4]) {
        await context.step(
          `stops after that step, and goes on as if it had not: ${ranks} ranks`,
          async () => {
            const undisturbed = await train({}, { ranks });
            const out = join(folder, `ranks-${ranks}`);
            const first = await train({ out }, { ranks, stopAt: after(4) });
            assert.equal(first.reason, 'stopped');
            const [end] = of(first, 'end');
            assert.deepEqual([end?.reason, end?.steps], ['stopped', 4]);
            assert.equal(
              first.lines.at(-1),
              'stopped after 4 of 12 steps: --resume goes on from there',
            );
            assert.deepEqual(await readdir(join(out, 'checkpoints')), ['step-00000004']);
            const second = await train({ out, resume: true }, { ranks });
            assert.equal(second.reason, 'steps');
            assert.deepEqual([...first.losses, ...second.losses], undisturbed.losses);
            assert.equal(second.digest, undisturbed.digest);
          },
        );
      }

      await context.step(
        'leaves an evaluation that it was in to the run that goes on',
        async () => {
          const scores = (run: Trained) =>
            of(run, 'eval').map(({ step, loss }) => ({ step, loss }));
          const undisturbed = await train({ steps: 5 });
          const out = join(folder, 'evaluation');
          const stopped = await train({ out, steps: 5 }, { stopAt: after(5) });
          assert.deepEqual([stopped.reason, scores(stopped)], ['stopped', []]);
          const resumed = await train({ out, steps: 5, resume: true });
          assert.equal(resumed.reason, 'steps');
          assert.deepEqual(scores(resumed), scores(undisturbed));
        },
      );

      await context.step('has no checkpoint if no step was done', async () => {
        const out = join(folder, 'nothing');
        const { reason } = await train({ out }, { stopAt: ({ type }) => type === 'start' });
        assert.equal(reason, 'stopped');
        assert.deepEqual(await readdir(join(out, 'checkpoints')), []);
      });

      await context.step('ends well if it was its last step', async () => {
        const out = join(folder, 'last');
        const { reason } = await train(
          { out, steps: 5 },
          { stopAt: ({ type }) => type === 'eval' },
        );
        assert.equal(reason, 'steps');
      });

      await context.step(
        'does not wait for a sidecar that is silent, nor for one that is gone',
        async () => {
          for (const [ranks, isGone] of [
            [1, false],
            [2, false],
            [1, true],
            [2, true],
          ] as const) {
            const proxy = await startStallingProxy(sidecar.url, 8000);
            const out = join(folder, `silent-${ranks}-${isGone}`);
            const stop = new AbortController();
            let last = Number.POSITIVE_INFINITY;
            const noteStep = ({ type }: LogEvent): boolean => {
              if (type === 'step') last = performance.now();
              return false;
            };
            const change = { url: [proxy.url], out, steps: 1000, evalEvery: 1000, timeout: 600 };
            const job = train(change, { ranks, stop, stopAt: noteStep });
            while (performance.now() - last < 2000) await sleep(100);
            if (isGone) proxy.close();
            stop.abort();
            const { reason, losses } = await job;
            assert.deepEqual([reason, losses.length > 0], ['stopped', true]);
            const [name] = await readdir(join(out, 'checkpoints'));
            assert.equal(name, `step-${String(losses.length).padStart(8, '0')}`);
            proxy.close();
          }
        },
      );
      for (const ranks of [1, 2]) {
        await context.step(
          `and one whose sidecar is gone for good ends in its error, with a checkpoint to go on from: ${ranks} ranks`,
          async () => {
            const change: Partial<RunOptions> = { steps: 1000, evalEvery: 1000, timeout: 1 };
            const proxy = await startStallingProxy(sidecar.url, 8000);
            const out = join(folder, `gone-${ranks}`);
            const stopAt = closing(proxy);
            const job = train({ ...change, url: [proxy.url], out }, { ranks, stopAt });
            await assert.rejects(job, { code: 'SIDECAR_GONE' });
            const [name] = await readdir(join(out, 'checkpoints'));
            const done = Number(name?.slice('step-'.length));
            assert.ok(done > 0, name);
            const later = { ranks, stopAt: after(done + 3) };
            const undisturbed = await train(change, later);
            const resumed = await train({ ...change, out, resume: true }, later);
            assert.deepEqual(resumed.losses, undisturbed.losses.slice(done));
            assert.equal(resumed.digest, undisturbed.digest);
          },
        );
      }

      await context.step('as does one whose held-out sidecar is gone', async () => {
        const proxy = await startStallingProxy(sidecar.url, 8000);
        const out = join(folder, 'gone-held-out');
        const change = { out, evalUrl: proxy.url, timeout: 0.5, evalEvery: 3 };
        await assert.rejects(train(change, { stopAt: closing(proxy) }), { code: 'SIDECAR_GONE' });
        assert.deepEqual(await readdir(join(out, 'checkpoints')), ['step-00000003']);
      });
    } finally {
      await sidecar.stop();
      await rm(folder, { recursive: true });
    }
  },
});
