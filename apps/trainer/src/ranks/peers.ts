import type { Counts } from '../model/model.ts';
import type { Parameters } from '../model/parameters.ts';

/** The ranks of a run, as one of them sees them: each has a slice of every batch. All take part in each call. */
export interface Peers {
  readonly rank: number;
  readonly world: number;
  /** What each rank gave, in their order. */
  gather(bytes: Uint8Array): Promise<readonly Uint8Array[]>;
  /** Counts of the global batch, and how many of its rows are those of ranks before this one. */
  sumCounts(counts: Counts): Promise<{ counts: Counts; rowsBefore: number }>;
  /** The sum over ranks, in their order. Consumes the gradients. */
  sumGradients(
    gradients: Parameters,
    losses: Readonly<Record<string, number>>,
  ): Promise<{ gradients: Parameters; losses: Readonly<Record<string, number>> }>;
}

/** A rank by itself. */
export const alone: Peers = {
  rank: 0,
  world: 1,
  gather: async (bytes) => [bytes],
  sumCounts: async (counts) => ({ counts, rowsBefore: 0 }),
  sumGradients: async (gradients, losses) => ({ gradients, losses }),
};
