import type { BatchAddress } from './global-batch.ts';

/** The largest number of steps between two tasks of a stream that one thread is given. */
const farthest = 64;

/**
 * Guesses which batch of an epoch a thread will be asked for next, from those it was asked for: with two workers each
 * gets about every second step of a stream. A wrong guess costs time, and changes nothing else.
 */
export function nextSteps(
  stepsPerEpoch: number,
): (address: Required<BatchAddress>) => Required<BatchAddress> | undefined {
  /** The last step of each rank. */
  const last = new Map<number, { readonly epoch: number; readonly step: number }>();
  return (address) => {
    const { rank, epoch, step } = address;
    const before = last.get(rank);
    last.set(rank, { epoch, step });
    const stride = before?.epoch === epoch ? step - before.step : 0;
    const next = step + stride;
    if (stride < 1 || stride > farthest || next >= stepsPerEpoch) return undefined;
    return { ...address, step: next };
  };
}
