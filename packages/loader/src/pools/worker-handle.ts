import type { WorkerFailure } from '../errors.ts';
import type { PackedAnswer, WorkerTasks } from './messages.ts';
import type { WorkerStart } from './worker-compute.ts';

/** Messages that a worker has at a time: one whose tasks it computes, and one that waits there. */
export const messagesOfWorker = 2;

/** Why a worker is of no use any more. */
export interface WorkerEnd {
  readonly code: WorkerFailure;
  /** What happened, as the end of a sentence that begins with the worker. */
  readonly problem: string;
  /** With the worker's own stack, where the runtime tells it. */
  readonly cause: unknown;
}

/** One worker, of any runtime. It is used for one message after the other until it fails. */
export interface WorkerHandle {
  /** Resolves once it takes tasks, rejects if it can't; may be pending for ever if it fails. */
  readonly ready: Promise<unknown>;
  /** An answer for each task. Rejects if the worker fails, perhaps; `failed` tells why, and comes in any case that the runtime reports. */
  run(message: WorkerTasks, transfer: readonly ArrayBuffer[]): Promise<PackedAnswer[]>;
  /** Resolves if the worker fails, whether with a task or without one. */
  readonly failed: Promise<WorkerEnd>;
  /** Ends the worker; whether its end is certain, so that memory it wrote to may be used again. */
  end(): Promise<boolean>;
}

/** How a runtime starts workers. */
export interface WorkerOptions {
  /** Limit of a worker's heap in MiB, where the runtime has one. */
  readonly heap: number | undefined;
}

export type StartWorker = (start: WorkerStart, options: WorkerOptions) => WorkerHandle;
