import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultDevice, init } from '@jax-js/jax';
import { connect } from '@maskloom/client';
import { quietly, tinyRun, watching } from '../testing/run.ts';
import { startSidecar } from '../testing/sidecar.ts';
import { type LogEvent, openLog } from '../watch/log.ts';
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
          message: /differs in --lr \(0\.001 there, 0\.5 here\), --seed \(1 there, 9 here\):/,
        });
      });

      await context.step('takes more steps where those done are the same with them', async () => {
        const constant = { schedule: 'constant', warmup: 2 } as const;
        const longer = await train({ ...constant, steps: 15 });
        const out = join(folder, 'more-steps');
        await train({ ...constant, out });
        const resumed = await train({ ...constant, out, resume: true, steps: 15 });
        assert.deepEqual(
          [...resumed.steps],
          [...longer.steps].filter(([step]) => step >= 12),
        );
        assert.ok(resumed.last?.type === 'end' && longer.last?.type === 'end');
        assert.equal(resumed.last.digest, longer.last.digest);
      });

      await context.step('refuses other steps where those done depend on them', async () => {
        const out = join(folder, 'undisturbed');
        const checkpoint = join(out, 'checkpoints/step-00000012');
        await assert.rejects(train({ out, resume: true, steps: 15 }), {
          code: 'CHECKPOINT',
          message: `${checkpoint} is of a run of 12 steps, and --steps is 15, on which the learning rates of the 12 steps done depend, as the schedule is cosine: resume with --steps 12, or begin a new run with --init-from ${checkpoint} and another --out`,
        });
        await assert.rejects(train({ out, resume: true, steps: 5 }), {
          message: `${checkpoint} is of a run of 12 steps, and --steps is 5, fewer than the 12 that are done: resume with --steps 12`,
        });
        const constant = { schedule: 'constant', out: join(folder, 'more-steps') } as const;
        await assert.rejects(train({ ...constant, resume: true, steps: 20, warmup: 9 }), {
          message:
            /--steps is 20, by which the warm-up takes 9 rather than 2 of them: resume with --warmup 2 as well$/,
        });
      });

      await context.step('is compared by its held-out plan as well', async () => {
        const out = join(folder, 'undisturbed');
        const other = await startSidecar('--seed', '7');
        try {
          const { planId } = await connect(sidecar.url);
          const { planId: otherId } = await connect(other.url);
          await assert.rejects(train({ out, resume: true, evalUrl: other.url }), {
            code: 'CHECKPOINT',
            message: new RegExp(
              `differs in the held-out plan \\(${planId} there, ${otherId} here\\): resume`,
            ),
          });
        } finally {
          await other.stop();
        }
      });

      await context.step('is not written over if it has a log alone', async () => {
        const out = join(folder, 'log-alone');
        const log = join(out, 'log.jsonl');
        const lines: string[] = [];
        const begin = async (change: Partial<RunOptions>): Promise<void> => {
          const asked = tinyRun(sidecar, { ...options, steps: 2, out, log, ...change });
          const watch = async (step: number) => ({
            ...watching(() => {}),
            log: openLog(log, step),
          });
          await run(asked, quietly({ watch, tell: (line) => void lines.push(line) }));
        };
        await begin({ resume: true });
        assert.deepEqual(lines, [`there is no checkpoint in ${out} to resume: starting at step 0`]);
        await rm(join(out, 'checkpoints'), { recursive: true });
        const before = await readFile(log, 'utf8');
        await assert.rejects(begin({}), {
          code: 'CHECKPOINT',
          message: `${out} has the log of a run of 2 steps, and no checkpoint: begin it anew with --resume, or choose another --out`,
        });
        assert.equal(await readFile(log, 'utf8'), before);
        await begin({ resume: true });
        assert.equal(lines.length, 2);
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
            message: /differs in --heads \(1 there, 2 here\): train one like it/,
          });
          await assert.rejects(train({ initFrom, steps: 1, warmup: 0, length: 64 }), {
            code: 'MODEL',
            message: /differs in --length \(16 there, 64 here\): train one like it/,
          });
          await assert.rejects(train({ initFrom: join(folder, 'nowhere'), steps: 1, warmup: 0 }), {
            code: 'CHECKPOINT',
            message:
              /nowhere is not a checkpoint of a run nor an exported model: there is no such folder, .* give --init-from such a folder$/,
          });
          const run = join(folder, 'undisturbed');
          assert.ok((await train({ initFrom: run, steps: 1, warmup: 0 })).steps.has(0));
          await assert.rejects(train({ out: initFrom, resume: true }), {
            message: /is a checkpoint, expected the folder of a run: give --out the folder that/,
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
