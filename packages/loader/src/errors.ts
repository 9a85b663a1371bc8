import type { BatchAddress } from './global-batch.ts';

/** A plan, a state or stages that are malformed, or do not fit what they are used with. */
export class PlanError extends SyntaxError {
  override readonly name = 'PlanError';
  readonly code: 'PLAN' | 'PLAN_DATASET' | 'STATE' | 'STATE_PLAN' | 'STAGES' | 'STATE_STAGES';
  /** With `STATE_PLAN`: the fields in which the two plans differ, where the state tells. */
  readonly fields: readonly string[];

  constructor(
    code: PlanError['code'],
    message: string,
    options: ErrorOptions & { readonly fields?: readonly string[] } = {},
  ) {
    super(message, options);
    this.code = code;
    this.fields = options.fields ?? [];
  }
}

/** What ended a worker. */
export type WorkerFailure =
  | 'WORKER_CRASHED'
  | 'WORKER_EXITED'
  | 'WORKER_OUT_OF_MEMORY'
  | 'WORKER_HUNG'
  | 'WORKER_START';

/** A worker that ended, or was ended, without its batch. Its stack is the worker's own, where there is one. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
  readonly code: WorkerFailure;
  /** Number of the worker, from 0. */
  readonly worker: number;
  /** The batch that it was computing, if any. */
  readonly address: Required<BatchAddress> | undefined;

  constructor(
    code: WorkerFailure,
    worker: number,
    address: Required<BatchAddress> | undefined,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(
      `Worker ${worker} ${problem}${address === undefined ? '' : `, ${doing(address)}`}`,
      options,
    );
    this.code = code;
    this.worker = worker;
    this.address = address;
    const { cause } = this;
    if (cause instanceof Error && cause.stack !== undefined) {
      this.stack = `${this.name}: ${this.message}\n${cause.stack}`;
    }
  }
}

function doing({ epoch, step, rank, world }: Required<BatchAddress>): string {
  const slice = world === 1 ? '' : `, rank ${rank} of ${world}`;
  return `computing epoch ${epoch}, step ${step}${slice}`;
}

/** Workers that failed so often in a row that the loader gave up; `errors` has each failure. */
export class PoolError extends AggregateError {
  override readonly name = 'PoolError';
  readonly code = 'POOL_FAILED';
  declare readonly errors: WorkerError[];

  constructor(errors: readonly WorkerError[]) {
    const list = errors.map((error, index) => `(${index + 1}) ${error.message}`).join('; ');
    super(
      errors,
      `Workers failed ${errors.length} times in a row: ${list}. Mend what ended them, or compute in the calling thread (workers: 0) to see it there; the state of the last batch resumes the run`,
    );
  }
}

/** A loader that was closed, asked for a batch. */
export class LoaderClosedError extends Error {
  override readonly name = 'LoaderClosedError';
  readonly code = 'LOADER_CLOSED';

  constructor() {
    super('The loader is closed: make another, and go on from the state of the last batch');
  }
}

/** An entry of the cache of masks that is torn or altered: what it is of is computed again. */
export class CacheEntryError extends Error {
  override readonly name = 'CacheEntryError';
  readonly code = 'CACHE_ENTRY';
  readonly path: string;
  /** What its name promises. */
  readonly expected: string;
  /** What was found. */
  readonly actual: string;

  constructor(path: string, expected: string, actual: string, options?: ErrorOptions) {
    super(
      `Cache entry ${path}: found ${actual}, expected ${expected}; its masks are computed again, \`maskloom cache prune\` removes it`,
      options,
    );
    this.path = path;
    this.expected = expected;
    this.actual = actual;
  }
}
