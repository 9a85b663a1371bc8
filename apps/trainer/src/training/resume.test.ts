import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultDevice, init } from '@jax-js/jax';
import { quietly, tinyRun, watching } from '../testing/run.ts';
import { startSidecar } from '../testing/sidecar.ts';
import type { LogEvent } from '../watch/log.ts';
import { type RunContext, run } from './run.ts';
import type { RunOptions } from './run-options.ts';

await init('wasm');
defaultDevice('wasm');

interface Seen {
  readonly steps: ReadonlyMap<number, number>;
  readonly last: LogEvent | undefined;
}

function seen(events: readonly LogEvent[]): Seen {
  const steps = events.flatMap((event): [number, number][] =>
    event.type === 'step' ? [[event.step, event.loss]] : [],
  );
  return { steps: new Map(steps), last: events.at(-1) };
}

/** A context whose run dies once a step is logged. */
function dyingAfter(step: number, events: LogEvent[]): Partial<RunContext> {
  return {
    watch: async () =>
      watching((event) => {
        events.push(event);
        if (event.type === 'step' && event.step === step) throw new Error('dead');
      }),
  };
}

Deno.test({
  name: 'a run that died',
  // fetch() keeps connections open for later.
  sanitizeResources: false,
  sanitizeOps: false,
  async fn(context) {
    const sidecar = await startSidecar();
    const folder = await mkdtemp(join(tmpdir(), 'maskloom-resume-'));
    const options: Partial<RunOptions> = {
      ...{ steps: 12, dropout: 0.1, optimizer: 'lamb', schedule: 'cosine', evalEvery: 5 },
      ...{ checkpointEvery: 4, keep: 2 },
    };
    const train = async (change: Partial<RunOptions>): Promise<Seen> => {
      const quiet = quietly();
      await run(tinyRun(sidecar, { ...options, ...change }), quiet);
      return seen(quiet.events);
    };
    const die = async (out: string, step: number): Promise<void> => {
      const events: LogEvent[] = [];
      const dying = run(tinyRun(sidecar, { ...options, out }), quietly(dyingAfter(step, events)));
      await assert.rejects(dying, /dead/);
    };
    try {
      const undisturbed = await train({ out: join(folder, 'undisturbed') });

      await context.step('goes on with the losses and digest of the undisturbed one', async () => {
        for (const step of [4, 6, 9]) {
          const out = join(folder, `died-${step}`);
          await die(out, step);
          const resumed = await train({ out, resume: true });
          const first = step < 7 ? (step === 6 ? 5 : 4) : 8;
          assert.deepEqual(
            [...resumed.steps],
            [...undisturbed.steps].filter(([number]) => number >= first),
          );
          assert.ok(resumed.last?.type === 'end' && undisturbed.last?.type === 'end');
          assert.equal(resumed.last.digest, undisturbed.last.digest);
        }
      });

      await context.step('goes on twice in a row', async () => {
        const out = join(folder, 'twice');
        await die(out, 6);
        const events: LogEvent[] = [];
        const again = { ...options, out, resume: true };
        await assert.rejects(run(tinyRun(sidecar, again), quietly(dyingAfter(9, events))), /dead/);
        const resumed = await train({ out, resume: true });
        for (const [step, loss] of resumed.steps) assert.equal(loss, undisturbed.steps.get(step));
        assert.equal([...resumed.steps.keys()].at(-1), 11);
      });

      await context.step('is not written over, nor gone on from by another run', async () => {
        const out = join(folder, 'undisturbed');
        await assert.rejects(train({ out }), {
          code: 'CHECKPOINT',
          message: /has a run of 12 steps/,
        });
        await assert.rejects(train({ out, resume: true, lr: 0.5, seed: 9n }), {
          code: 'CHECKPOINT',
          message: /differs in lr \(0\.001 there, 0\.5 here\), seed \(1 there, 9 here\)/,
        });
      });

      await context.step('stays stopped where it was stopped early', async () => {
        const early = {
          out: join(folder, 'early'),
          lr: 1e-12,
          evalEvery: 1,
          patience: 2,
          steps: 50,
        };
        const { last } = await train(early);
        const again = await train({ ...early, resume: true });
        assert.equal(again.steps.size, 0);
        assert.ok(last?.type === 'end' && again.last?.type === 'end');
        assert.deepEqual([again.last.reason, again.last.digest], ['early-stop', last.digest]);
      });

      await context.step(
        'begins with the parameters of another model of the same sizes only',
        async () => {
          const initFrom = join(folder, 'undisturbed/checkpoints/step-00000012');
          const begun = await train({ initFrom, steps: 1, warmup: 0 });
          assert.ok(begun.steps.get(0)! < undisturbed.steps.get(0)!);
          await assert.rejects(train({ initFrom, steps: 1, warmup: 0, heads: 2 }), {
            code: 'MODEL',
            message: /differs in heads \(1 there, 2 here\)/,
          });
        },
      );

      await context.step('has nothing left to do once all steps are done', async () => {
        const { steps, last } = await train({ out: join(folder, 'undisturbed'), resume: true });
        assert.equal(steps.size, 0);
        assert.ok(last?.type === 'end' && undisturbed.last?.type === 'end');
        assert.equal(last.digest, undisturbed.last.digest);
      });
    } finally {
      await sidecar.stop();
      await rm(folder, { recursive: true });
    }
  },
});
