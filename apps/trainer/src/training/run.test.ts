import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultDevice, init } from '@jax-js/jax';
import { batchDigest, connect, sampleDigests } from '@maskloom/client';
import { TrainingError } from '../errors.ts';
import { runRanks } from '../ranks/run-ranks.ts';
import { inFolder } from '../testing/in-folder.ts';
import { quietly, tinyRun, watching } from '../testing/run.ts';
import { type Sidecar, startSidecar } from '../testing/sidecar.ts';
import { startStallingProxy } from '../testing/stalling-proxy.ts';
import { type LogEvent, openLog } from '../watch/log.ts';
import { type RunContext, run } from './run.ts';
import type { RunOptions } from './run-options.ts';

await init('wasm');
defaultDevice('wasm');

async function train(
  sidecar: Sidecar,
  options: Partial<RunOptions> = {},
  context: Partial<RunContext> = {},
): Promise<LogEvent[]> {
  const quiet = quietly(context);
  await run(tinyRun(sidecar, options), quiet);
  return quiet.events;
}

const typesOf = (events: readonly LogEvent[]): string[] => events.map(({ type }) => type);

const lossesOf = (events: readonly LogEvent[]): number[] =>
  events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));

const digestOf = (events: readonly LogEvent[]): string => {
  const last = events.at(-1);
  assert.equal(last?.type, 'end');
  return last.digest;
};

/** A context in which something happens after a step. */
function after(step: number, action: () => void | Promise<void>): Partial<RunContext> {
  const events: LogEvent[] = [];
  return {
    watch: async () =>
      watching((event) => {
        events.push(event);
        if (event.type === 'step' && event.step === step) void action();
      }),
  };
}

/** Checks that 2 and 4 ranks have the losses of 1. */
async function checkRanks(sidecar: Sidecar, change: Partial<RunOptions>): Promise<void> {
  const options = tinyRun(sidecar, { steps: 6, ...change });
  const one = quietly();
  await runRanks(options, one, { ranks: 1, device: 'wasm', threads: 1 });
  for (const ranks of [2, 4]) {
    const several = quietly();
    await runRanks(options, several, { ranks, device: 'wasm', threads: 1 });
    assert.equal(digestOf(several.events), digestOf(one.events));
    const losses = lossesOf(several.events);
    lossesOf(one.events).forEach((loss, step) => {
      assert.ok(Math.abs(loss - losses[step]!) < 1e-5, `${loss} ${losses[step]}`);
    });
  }
}

Deno.test({
  name: 'run()',
  // fetch() keeps connections open for later.
  sanitizeResources: false,
  sanitizeOps: false,
  async fn(context) {
    const sidecar = await startSidecar();
    try {
      await context.step('hears of a GPU error in the last evaluation', async () => {
        assert.deepEqual(typesOf(await train(sidecar)), [
          'start',
          'step',
          'step',
          'step',
          'eval',
          'end',
        ]);
        let checks = 0;
        const check = (): void => {
          // One for each step; then only the evaluation's is left.
          if (++checks > 3) throw new TrainingError('GPU', 'the device is lost');
        };
        await assert.rejects(train(sidecar, {}, { check }), { code: 'GPU' });
      });

      await context.step('says which log it cannot write', async () => {
        await assert.rejects(
          train(
            sidecar,
            {},
            { watch: async () => ({ ...watching(() => {}), log: openLog(tmpdir()) }) },
          ),
          {
            code: 'LOG',
            message: /^Cannot write the log \/tmp \(.*\): give --log a file this user may write$/,
          },
        );
      });

      await context.step('stops when no evaluation was better for a while', async () => {
        // A learning rate of next to nothing: no evaluation is better than the first but by chance.
        const options = { lr: 1e-12, evalEvery: 1, patience: 2, steps: 50 };
        const events = await train(sidecar, options);
        const evaluations = events.filter((event) => event.type === 'eval');
        assert.ok(evaluations.length < 50);
        assert.deepEqual(
          evaluations.slice(-2).map(({ isBest }) => isBest),
          [false, false],
        );
        const last = events.at(-1);
        assert.ok(last?.type === 'end' && last.reason === 'early-stop');
        assert.equal(last.steps, evaluations.length);
      });

      await context.step('computes a batch in parts to the same losses', async () => {
        const [whole, parts] = [await train(sidecar), await train(sidecar, { accumulate: 3 })];
        lossesOf(whole).forEach((loss, step) => {
          assert.ok(Math.abs(loss - lossesOf(parts)[step]!) < 1e-5);
        });
      });

      for (const change of [{}, { dropout: 0.1 }, { architecture: 'electra' as const }]) {
        await context.step(
          `has with 2 and 4 ranks the losses of 1: ${JSON.stringify(change)}`,
          () => checkRanks(sidecar, change),
        );
      }

      await context.step('has them where batches have unlike numbers of rows', async () => {
        const byTokens = await startSidecar('--batch', '12', '--max-tokens', '176');
        try {
          await checkRanks(byTokens, { dropout: 0.1 });
        } finally {
          await byTokens.stop();
        }
      });

      await context.step('tells of a rank that fails, and ends the others', async () => {
        const options = tinyRun(sidecar, { steps: 6, lr: 1e20 });
        const several = runRanks(options, quietly(), { ranks: 2, device: 'wasm', threads: 1 });
        await assert.rejects(several, { code: 'LOSS', message: /at step [0-9]+/ });
      });

      await context.step(
        'says which batch gave a loss that is no number, for any ranks',
        async () => {
          const client = await connect(sidecar.url);
          const from = { epoch: 0, step: 1 };
          const { value } = await client.batches({ from, steps: 1 }).next();
          const digest = batchDigest(sampleDigests(value!.batch));
          const message = new RegExp(
            `^The loss is (NaN|Infinity), expected a finite number from 0, at step 1, before any update by it\\. The batch is epoch 0, step 1 of plan ${client.planId}, batch digest ${digest}: \`maskloom preview --plan PLAN --data DATA --tokenizer TOKENIZER --epoch 0 --step 1\` prints it`,
          );
          const options = tinyRun(sidecar, { steps: 6, lr: 1e20 });
          for (const ranks of [1, 2]) {
            await assert.rejects(
              runRanks(options, quietly(), { ranks, device: 'wasm', threads: 1 }),
              { code: 'LOSS', message },
            );
          }
        },
      );

      await context.step('keeps nothing that is no number', () =>
        inFolder(async (folder) => {
          const out = join(folder, 'run');
          const heldOut = { out, steps: 1, lr: 1e30, warmup: 1 };
          await assert.rejects(train(sidecar, { ...heldOut, evalEvery: 1 }), {
            code: 'LOSS',
            message:
              /^The held-out loss is (NaN|Infinity), expected a finite number, after 1 steps, on held-out plan [0-9a-f]{64}; begin again with a lower --lr or --clip and another --out$/,
          });
          assert.deepEqual(await readdir(join(out, 'checkpoints')), []);
          const { evalUrl: _, ...alone } = tinyRun(sidecar, { ...heldOut, lr: 1e39 });
          await assert.rejects(run(alone, quietly()), {
            code: 'LOSS',
            message:
              /^\S+ has a value of -?(NaN|Infinity) after 1 steps, expected finite numbers, and no checkpoint was written; begin/,
          });
          assert.deepEqual(await readdir(join(out, 'checkpoints')), []);
        }),
      );

      await context.step('advises no checkpoint that gives the loss itself', () =>
        inFolder(async (folder) => {
          const options = { out: folder, steps: 6, checkpointEvery: 1, evalEvery: 100 };
          const { evalUrl: _, ...alone } = tinyRun(sidecar, { ...options, lr: 1e20 });
          await assert.rejects(run(alone, quietly()), (error: Error) => {
            assert.match(error.message, /, at step 1, before any update by it/);
            assert.doesNotMatch(error.message, /--init-from/);
            return true;
          });
          assert.deepEqual(await readdir(join(folder, 'checkpoints')), ['step-00000001']);
        }),
      );

      await context.step(
        'stands still when the sidecar is lost, and goes on when it is back, without a batch lost',
        async () => {
          const steps = 30;
          const options = { steps, evalEvery: steps };
          const undisturbed = await train(sidecar, options);
          // Few of the first sidecar's batches get through: sockets hold all of them, and the run would not miss it.
          const proxy = await startStallingProxy(sidecar.url, 8000, 1);
          const events: LogEvent[] = [];
          let killed: Promise<void> | undefined;
          const kill = async (): Promise<void> => {
            await sidecar.kill();
            proxy.cut();
          };
          const watch = async () =>
            watching((event) => {
              events.push(event);
              if (event.type === 'step' && event.step === 2) killed = kill();
            });
          try {
            const job = train(sidecar, { ...options, url: [proxy.url] }, { watch });
            await Promise.race([job, proxy.missed]);
            // It has asked for the next batch in vain, and waits for a sidecar.
            const done = lossesOf(events).length;
            assert.ok(killed !== undefined && done < steps, `${done} steps without a sidecar`);
            await killed;
            await sidecar.restart();
            await job;
            const asked = proxy.streams.map((words) => [words.get('step'), words.get('steps')]);
            assert.deepEqual(asked, [
              ['0', `${steps}`],
              [`${done}`, `${steps - done}`],
            ]);
            assert.deepEqual(lossesOf(events), lossesOf(undisturbed));
            assert.equal(digestOf(events), digestOf(undisturbed));
          } finally {
            proxy.close();
          }
        },
      );

      await context.step('does not wait for ever on a sidecar that hangs', async () => {
        const began = performance.now();
        let frozen = false;
        const freeze = (): void => {
          frozen = true;
          sidecar.freeze();
        };
        const job = train(sidecar, { steps: 100_000, timeout: 0.5 }, after(1, freeze));
        await assert.rejects(job, { code: 'SIDECAR_GONE', message: /silent for 0\.5 s/ });
        assert.ok(frozen && performance.now() - began < 60_000);
      });
    } finally {
      await sidecar.stop();
    }
  },
});
