import type { RunContext } from '../training/run.ts';
import type { RunOptions } from '../training/run-options.ts';
import type { Log, LogEvent } from '../watch/log.ts';
import { silentProgress } from '../watch/progress.ts';
import type { Sidecar } from './sidecar.ts';

/** Options of a run that takes a second or so. */
export function tinyRun(sidecar: Sidecar, change: Partial<RunOptions> = {}): RunOptions {
  return {
    ...{ url: [sidecar.url], evalUrl: sidecar.url, evalEvery: 10, evalSteps: 1, timeout: 30 },
    ...{ patience: 0, architecture: 'bert', layers: 1, hidden: 16, heads: 1, intermediate: 64 },
    ...{
      norm: 'post',
      dropout: 0,
      precision: 'float32',
      length: 0,
      generatorSize: 0.5,
      discriminatorWeight: 50,
    },
    ...{ steps: 3, optimizer: 'adamw', lr: 1e-3, schedule: 'linear', warmup: 2, clip: 1 },
    ...{ beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0.01, accumulate: 1, seed: 1n },
    ...{ checkpointEvery: 0, keep: 3, resume: false },
    ...change,
  };
}

/** A context that keeps what the run logs. */
export function quietly(change: Partial<RunContext> = {}): RunContext & { events: LogEvent[] } {
  const events: LogEvent[] = [];
  return {
    events,
    watch: async () => watching((event) => void events.push(event)),
    tell() {},
    device: { device: 'wasm', reason: 'a test' },
    check() {},
    ...change,
  };
}

/** Shows nothing, and hands events on. */
export function watching(write: Log['write']): Awaited<ReturnType<RunContext['watch']>> {
  return {
    log: { write, close() {} },
    progress: silentProgress,
  };
}
