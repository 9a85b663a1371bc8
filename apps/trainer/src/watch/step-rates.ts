import type { LogEventOf } from './log.ts';

/** How fast steps were. */
export interface StepRates {
  readonly tokensPerSecond: number;
  /** Share of the time that was spent waiting for batches, 0 to 1. */
  readonly waitingShare: number;
}

/** The rates of a step, or of several steps' sums. */
export function stepRates({
  tokens,
  seconds,
  waiting,
}: Pick<LogEventOf<'step'>, 'tokens' | 'seconds' | 'waiting'>): StepRates {
  // A clock that is too coarse for a step says nothing of it.
  if (seconds === 0) return { tokensPerSecond: 0, waitingShare: 0 };
  return { tokensPerSecond: tokens / seconds, waitingShare: waiting / seconds };
}
