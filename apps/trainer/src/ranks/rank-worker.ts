/** @file The thread of a rank other than the first: it trains along until it is told to stop, and tells nothing but how it ended. */
import { setThreads } from '../threads.ts';
import type { RankStart } from './run-ranks.ts';

const stop = new AbortController();

self.onmessage = async ({ data }: MessageEvent<RankStart | 'stop'>) => {
  if (data === 'stop') return stop.abort();
  setThreads(data.threads);
  // Loaded here: it imports jax-js, which asks for threads then.
  const { runRank } = await import('./run-rank.ts');
  self.postMessage(await runRank(data, stop.signal));
};
