import type { WorkerFailure } from '../errors.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import type { WorkerStart } from './worker-compute.ts';

/** Why a worker is of no use any more. */
export interface WorkerEnd {
  readonly code: WorkerFailure;
  /** What happened, as the end of a sentence that begins with the worker. */
  readonly problem: string;
  /** With the worker's own stack, where the runtime tells it. */
  readonly cause: unknown;
}

/** One worker, of any runtime. */
export interface WorkerHandle {
  /** Resolves once it takes messages, rejects if it can't; may be pending for ever if it fails. */
  readonly ready: Promise<unknown>;
  /** Resolves once it has no more to do; at once, if it is at work since an earlier message. Rejects if the worker fails, perhaps; `failed` tells why, and comes in any case that the runtime reports. */
  run(message: ToWorker, transfer: readonly ArrayBuffer[]): Promise<void>;
  /** Resolves if the worker fails, whether with a task or without one. */
  readonly failed: Promise<WorkerEnd>;
  /** Ends the worker; whether its end is certain, so that memory it wrote to may be used again. */
  end(): Promise<boolean>;
}

/** How a runtime starts workers. */
export interface WorkerOptions {
  /** Limit of a worker's heap in MiB, where the runtime has one. */
  readonly heap: number | undefined;
  readonly onMessage: (message: FromWorker) => void;
}

export type StartWorker = (start: WorkerStart, options: WorkerOptions) => WorkerHandle;
