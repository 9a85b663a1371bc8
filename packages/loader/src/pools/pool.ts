import type { BatchResult, BatchTask } from '../compute.ts';
import type { Ring, Sharing } from '../ring.ts';
import type { Slot } from '../slot.ts';

/** A batch to compute. */
export interface PoolTask extends BatchTask {
  /** The ring that its slot is of, if any. */
  readonly ring: Ring | undefined;
  /** Whoever wants the batch; what one stream wants is cancelled together. */
  readonly stream: object;
  /** Called once the batch is computed, though perhaps no sooner than somebody takes one. */
  readonly onComputed?: () => void;
}

/** A computed batch and the slot that holds it: another than the task's, if that one was lost with its worker. */
export interface PoolResult {
  readonly result: BatchResult;
  readonly slot: Slot;
  /** Number of the worker that computed it, from 0. */
  readonly worker: number;
}

/** A batch that is computed. */
export interface PoolJob {
  /** The batch: at once if it is computed, and it wasn't long since the event loop turned. Fails with what the batch failed with. */
  take(): PoolResult | Promise<PoolResult>;
}

/** Worker threads at most: each takes memory of its own, and a runtime that has none left aborts the process. */
export const maxWorkers = 256;

/** Whoever computes batches. All pools compute the same bytes. */
export interface Pool {
  readonly sharing: Sharing;
  /** Workers that need a room in each ring. */
  readonly rooms: number;
  run(task: PoolTask): PoolJob;
  /** Fails what a stream waits for; resolves once nobody writes to its slots any more. */
  cancel(stream: object, reason: unknown): Promise<void>;
  /** No task will come in this ring any more: whoever keeps hold of its memory lets go. */
  forget(ring: Ring): void;
  /** Ends all workers at once; what is waited for fails. */
  close(): Promise<void>;
}
