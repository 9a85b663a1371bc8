import type { DeviceChoice } from '../device.ts';
import { TrainingError } from '../errors.ts';
import { createModel } from '../model/models.ts';
import { sizeOf } from '../model/parameters.ts';
import { Worker } from '../threads.ts';
import { connectData } from '../training/data.ts';
import { configOf, type RunContext, type RunResult, run } from '../training/run.ts';
import type { RunOptions } from '../training/run-options.ts';
import { type SharedMemory, shareMemory } from './shared-memory.ts';
import { sharedPeers } from './shared-peers.ts';

/** What the thread of a rank is told. */
export interface RankStart {
  readonly options: RunOptions;
  readonly memory: SharedMemory;
  readonly rank: number;
  readonly device: DeviceChoice;
  readonly threads: number;
}

/** How it ended: without a message, well. */
export interface RankEnd {
  readonly message?: string;
  readonly code?: TrainingError['code'];
}

/** How many ranks a run has, and what each computes on. */
export interface RanksOptions {
  readonly ranks: number;
  readonly device: DeviceChoice;
  /** Threads of Wasm that each rank takes; 0 for an even share of the cores. */
  readonly threads: number;
}

/**
 * Trains with several ranks, each in a thread of its own and with its own slice of every batch. The result is that of one
 * rank but for the rounding of sums.
 *
 * @throws {TrainingError} as `run` does; if another rank failed, with what it says.
 */
export async function runRanks(
  options: RunOptions,
  context: RunContext,
  { ranks, device, threads }: RanksOptions,
): Promise<RunResult> {
  if (ranks === 1) return run(options, context);
  const config = configOf(options, await connectData(options));
  const size = createModel(config).specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const memory = shareMemory(ranks, size);
  const peers = sharedPeers(memory, 0);
  const others = Array.from({ length: ranks - 1 }, (_, index) =>
    startRank({ options, memory, rank: index + 1, device, threads }, peers.fail),
  );
  const first = run(options, { ...context, peers });
  first.catch(peers.fail);
  const stopOthers = (): void => {
    for (const { stop } of others) stop();
  };
  context.stop?.addEventListener('abort', stopOthers);
  try {
    const ends = await Promise.allSettled([first, ...others.map(({ ended }) => ended)]);
    const errors = ends.flatMap((end) =>
      end.status === 'rejected' ? [end.reason as unknown] : [],
    );
    // That another rank has failed is what the rest of them say.
    const isCause = (error: unknown): boolean =>
      !(error instanceof TrainingError && error.code === 'RANK');
    if (errors.length > 0) throw errors.find(isCause) ?? errors[0];
    return await first;
  } finally {
    context.stop?.removeEventListener('abort', stopOthers);
    for (const { terminate } of others) terminate();
  }
}

/** A rank in a thread of its own. */
interface RankThread {
  readonly ended: Promise<void>;
  /** Tells it to stop when all ranks do. */
  stop(): void;
  terminate(): void;
}

/** Starts the thread of a rank. */
function startRank(start: RankStart, onError: () => void): RankThread {
  const worker = new Worker(new URL('./rank-worker.ts', import.meta.url), { type: 'module' });
  const ended = new Promise<void>((resolve, reject) => {
    const fail = (message: string, code: TrainingError['code']): void => {
      onError();
      reject(new TrainingError(code, `Rank ${start.rank}: ${message}`));
    };
    worker.onmessage = ({ data: { message, code } }: MessageEvent<RankEnd>) => {
      if (message === undefined) resolve();
      else fail(message, code ?? 'DATA');
    };
    worker.onerror = (event) => {
      event.preventDefault();
      fail(event.message, 'DATA');
    };
  });
  worker.postMessage(start);
  return {
    ended,
    stop: () => worker.postMessage('stop'),
    terminate: () => worker.terminate(),
  };
}
