import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { defaultDevice, init } from '@jax-js/jax';
import { TrainingError } from '../errors.ts';
import { type Sidecar, startSidecar } from '../testing/sidecar.ts';
import { type LogEvent, openLog } from '../watch/log.ts';
import { type RunObserver, type RunOptions, run } from './run.ts';

await init('wasm');
defaultDevice('wasm');

/** Trains a tiny model for some steps; what it logged. */
async function train(
  sidecar: Sidecar,
  options: Partial<RunOptions>,
  observe: Partial<RunObserver> = {},
): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  const model = { layers: 1, hidden: 16, heads: 1, lr: 1e-3, warmup: 2, seed: 1n };
  await run(
    {
      ...{ ...model, url: [sidecar.url], evalUrl: sidecar.url, evalEvery: 10, evalSteps: 1 },
      ...{ steps: 3, timeout: 30, ...options },
    },
    {
      log: { write: (event) => events.push(event), close() {} },
      progress: { update() {}, line() {}, stop() {} },
      device: { device: 'wasm', reason: 'a test' },
      check() {},
      ...observe,
    },
  );
  return events;
}

const notOwn = { sanitizeResources: false, sanitizeOps: false };

Deno.test({
  name: 'run()',
  // fetch() keeps connections open for later.
  ...notOwn,
  async fn(context) {
    const sidecar = await startSidecar();
    try {
      await context.step('hears of a GPU error in the last evaluation', async () => {
        const events = await train(sidecar, {});
        assert.deepEqual(
          events.map(({ type }) => type),
          ['start', 'step', 'step', 'step', 'eval', 'end'],
        );
        let checks = 0;
        const check = (): void => {
          // One for each step; then only the evaluation's is left.
          if (++checks > 3) throw new TrainingError('GPU', 'the device is lost');
        };
        await assert.rejects(train(sidecar, {}, { check }), { code: 'GPU' });
      });

      await context.step('says which log it cannot write', async () => {
        const log = openLog(tmpdir());
        await assert.rejects(train(sidecar, {}, { log }), {
          code: 'LOG',
          message: /^Cannot write the log \/tmp \(.*\): give --log a file this user may write$/,
        });
      });

      await context.step('does not wait for ever on a sidecar that hangs', async () => {
        const began = performance.now();
        let frozen = false;
        const write = (event: LogEvent): void => {
          if (event.type !== 'step' || event.step !== 1) return;
          frozen = true;
          sidecar.freeze();
        };
        const job = train(
          sidecar,
          { steps: 100_000, timeout: 0.5 },
          { log: { write, close() {} } },
        );
        await assert.rejects(job, { code: 'SIDECAR_GONE', message: /silent for 0\.5 s/ });
        assert.ok(frozen && performance.now() - began < 60_000);
      });
    } finally {
      await sidecar.stop();
    }
  },
});
