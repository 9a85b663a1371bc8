import { LoaderClosedError, PoolError, WorkerError } from '../errors.ts';
import type { BatchAddress } from '../global-batch.ts';
import { nextRing, type Ring, type Sharing, sharingOfThreads } from '../ring.ts';
import { newSlot, type Slot } from '../slot.ts';
import { isTyped, unpackError } from './packed-error.ts';
import type { Pool, PoolResult, PoolTask } from './pool.ts';
import type { WorkerAnswer, WorkerStart, WorkerTask } from './worker-compute.ts';
import {
  type StartWorker,
  tasksOfWorker,
  type WorkerEnd,
  type WorkerHandle,
} from './worker-handle.ts';

/** A worker failed; what it was computing is computed again, or given up. */
export interface WorkerFailureEvent {
  readonly type: 'worker-failure';
  /** What happened, with the worker's own stack. */
  readonly error: WorkerError;
  /** Number of the worker, from 0. */
  readonly worker: number;
  /** The batch it was computing, if any. */
  readonly address: Required<BatchAddress> | undefined;
  /** Failures in a row, this one included. */
  readonly failures: number;
  /** Whether that was one too many. */
  readonly givenUp: boolean;
}

/** How workers are watched over. */
export interface Watch {
  /** Milliseconds after which a worker that does not answer counts as hung. */
  readonly patience: number;
  /** Failures in a row, of a batch or of all workers, before giving up. */
  readonly attempts: number;
  readonly heap: number | undefined;
  readonly onFailure: (event: WorkerFailureEvent) => void;
}

/** A task that waits or is computed. */
interface Job {
  readonly task: PoolTask;
  slot: Slot;
  readonly failures: WorkerError[];
  readonly resolve: (result: PoolResult) => void;
  readonly reject: (reason: unknown) => void;
  /** Nobody waits for it any more. */
  cancelled: boolean;
}

/** Where one worker after another works. */
interface Seat {
  readonly number: number;
  worker: Promise<WorkerHandle> | undefined;
  handle: WorkerHandle | undefined;
  /** What it computes, and what it was given ahead, so that it need not wait between tasks. */
  jobs: Job[];
  /** What it had when it failed, until its end is known. */
  left: readonly Job[];
  /** Ends what it computes once that takes too long. */
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether it has answered: until then it is given nothing ahead. */
  proven: boolean;
  /** Tells those who await its jobs that the worker failed. */
  readonly onFailed: Set<(end: WorkerEnd) => void>;
  /** Whether the worker before is still being ended. */
  vacating: boolean;
  /** Older rings have rooms that a worker whose end is not certain may still write to. */
  roomsFrom: number;
  /** Rings whose memory the worker has. */
  readonly rings: Set<number>;
  readonly forget: number[];
}

/** Milliseconds that a worker has at least to start. */
const startPatience = 30_000;
/** Milliseconds that the end of a worker is waited for before its memory is given up. */
const endPatience = 5000;

/** Computes in workers, and in others if these fail. */
export class WorkerPool implements Pool {
  readonly sharing: Sharing = sharingOfThreads();
  readonly rooms: number;
  readonly #start: WorkerStart;
  readonly #startWorker: StartWorker;
  readonly #watch: Watch;
  readonly #seats: Seat[];
  #queue: Job[] = [];
  /** Failures since the last batch that succeeded. */
  #row: WorkerError[] = [];
  #closed: Promise<void> | undefined;
  readonly #endings = new Set<Promise<unknown>>();
  /** Told once nobody writes to the slot of a cancelled job any more. */
  readonly #settled = new Map<Job, () => void>();

  constructor(workers: number, startWorker: StartWorker, start: WorkerStart, watch: Watch) {
    this.rooms = workers;
    this.#start = start;
    this.#startWorker = startWorker;
    this.#watch = watch;
    this.#seats = Array.from({ length: workers }, (_, number) => ({
      number,
      worker: undefined,
      handle: undefined,
      jobs: [],
      left: [],
      timer: undefined,
      proven: false,
      onFailed: new Set(),
      vacating: false,
      roomsFrom: 0,
      rings: new Set(),
      forget: [],
    }));
    // What fails here comes again when a task asks for the worker.
    for (const seat of this.#seats) this.#workerOf(seat).catch(() => {});
  }

  run(task: PoolTask): Promise<PoolResult> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) return reject(new LoaderClosedError());
      const { slot } = task;
      this.#queue.push({ task, slot, failures: [], resolve, reject, cancelled: false });
      this.#dispatch();
    });
  }

  async cancel(stream: object, reason: unknown): Promise<void> {
    const waiting = this.#queue.filter(({ task }) => task.stream === stream);
    this.#queue = this.#queue.filter(({ task }) => task.stream !== stream);
    for (const job of waiting) job.reject(reason);
    const running = this.#seats
      .flatMap(({ jobs, left }) => [...jobs, ...left])
      .filter(({ task }) => task.stream === stream);
    await Promise.all(
      running.map((job) => {
        job.cancelled = true;
        job.reject(reason);
        return new Promise<void>((resolve) => this.#settled.set(job, resolve));
      }),
    );
  }

  forget(ring: Ring): void {
    for (const seat of this.#seats) if (seat.rings.delete(ring.id)) seat.forget.push(ring.id);
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    const jobs = [...this.#queue.splice(0), ...this.#seats.flatMap(({ jobs }) => jobs)];
    for (const job of jobs) job.reject(new LoaderClosedError());
    for (const { timer } of this.#seats) clearTimeout(timer);
    const handles = this.#seats.map(({ handle }) => handle);
    await Promise.allSettled(handles.map((handle) => within(endPatience, handle?.end())));
    await Promise.allSettled(this.#endings);
  }

  #dispatch(): void {
    for (let ahead = 0; ahead < tasksOfWorker; ahead++) {
      for (const seat of this.#seats) {
        if (this.#queue.length === 0) return;
        if (seat.vacating || seat.jobs.length !== ahead || (ahead > 0 && !seat.proven)) continue;
        const job = this.#queue.shift()!;
        seat.jobs.push(job);
        if (ahead === 0) this.#watchFirst(seat);
        void this.#serve(seat, job);
      }
    }
  }

  /** The seat's worker; a new one is awaited until it takes tasks. */
  #workerOf(seat: Seat): Promise<WorkerHandle> {
    seat.worker ??= this.#newWorker(seat);
    return seat.worker;
  }

  async #newWorker(seat: Seat): Promise<WorkerHandle> {
    const handle = this.#startWorker(this.#start, { heap: this.#watch.heap });
    seat.handle = handle;
    void handle.failed.then((end) => {
      if (seat.handle !== handle) return;
      if (seat.onFailed.size > 0) for (const tell of seat.onFailed) tell(end);
      else if (seat.jobs.length === 0) void this.#failIdle(seat, end);
    });
    const patience = Math.max(startPatience, this.#watch.patience);
    const started = handle.ready.then(
      () => undefined,
      // Its end, if that is why, is told at once.
      async (cause: unknown) =>
        (await within(100, handle.failed)) ?? { problem: reason(cause), cause },
    );
    const late = { problem: `did not start for ${patience} ms`, cause: undefined };
    const outcome = await within(patience, Promise.race([started, handle.failed]), late);
    if (outcome === undefined) return handle;
    const { problem, cause } = outcome;
    throw new StartFailure(problem, { cause });
  }

  /** Takes a job off a seat, which is free for the next. */
  #leave(seat: Seat, job: Job): void {
    seat.jobs = seat.jobs.filter((other) => other !== job);
    this.#watchFirst(seat);
    this.#settle(job);
  }

  #settle(job: Job): void {
    this.#settled.get(job)?.();
    this.#settled.delete(job);
  }

  /** Gives what a seat computes now its time. */
  #watchFirst(seat: Seat): void {
    clearTimeout(seat.timer);
    if (seat.jobs.length === 0 || seat.handle === undefined || this.#closed !== undefined) return;
    const { patience } = this.#watch;
    seat.timer = setTimeout(() => {
      const problem = `did not answer for ${patience} ms`;
      for (const tell of seat.onFailed) tell({ code: 'WORKER_HUNG', problem, cause: undefined });
    }, patience);
  }

  async #serve(seat: Seat, job: Job): Promise<void> {
    let end: WorkerEnd;
    const starting = this.#workerOf(seat);
    const worker = seat.handle;
    // Once the worker was replaced, its jobs are others' and what it still says of them is too late.
    const late = () => seat.handle !== worker;
    try {
      const outcome = await this.#attempt(seat, job, await starting);
      if (late()) return;
      if (!('code' in outcome)) {
        this.#row = [];
        seat.proven = true;
        this.#leave(seat, job);
        job.resolve(outcome);
        return this.#dispatch();
      }
      end = outcome;
    } catch (error) {
      if (late()) return;
      if (error instanceof Error && isTyped(error)) {
        this.#leave(seat, job);
        job.reject(error);
        return this.#dispatch();
      }
      end =
        error instanceof StartFailure
          ? { code: 'WORKER_START', problem: error.message, cause: error.cause }
          : { code: 'WORKER_CRASHED', problem: reason(error), cause: error };
    }
    if (this.#closed === undefined) await this.#replace(seat, end);
  }

  /** Has a worker compute a job; why it did not, if it did not. */
  async #attempt(seat: Seat, job: Job, handle: WorkerHandle): Promise<PoolResult | WorkerEnd> {
    const { task, slot } = job;
    const transferred = slot.buffer instanceof ArrayBuffer ? [slot.buffer] : [];
    if (seat.jobs[0] === job) this.#watchFirst(seat);
    let tell: (end: WorkerEnd) => void = () => {};
    // Not a race with `failed`: that promise lives as long as its worker, and would keep every task.
    const outcome = await new Promise<WorkerAnswer | WorkerEnd>((resolve) => {
      tell = resolve;
      seat.onFailed.add(tell);
      handle.run(this.#message(seat, task, slot), transferred).then(resolve, (cause: unknown) => {
        // A worker that fails takes its task along; why it failed is told at once, if at all.
        setTimeout(resolve, 100, { code: 'WORKER_CRASHED', problem: reason(cause), cause });
      });
    });
    seat.onFailed.delete(tell);
    if ('code' in outcome) return outcome;
    const { result, error, buffer } = outcome;
    if (buffer !== undefined) job.slot = { ...slot, buffer };
    if (error !== undefined) throw unpackError(error);
    return { ...result!, slot: job.slot, worker: seat.number };
  }

  #message(seat: Seat, { address, layout, digest, ring }: PoolTask, slot: Slot): WorkerTask {
    const { buffer, start, bytes } = slot;
    const inRing = ring?.memory !== undefined && ring.memory.buffer === buffer;
    const known = ring !== undefined && seat.rings.has(ring.id);
    const barred = known || ring === undefined || ring.id < seat.roomsFrom;
    const room = barred ? undefined : ring.room(seat.number);
    if (room !== undefined) seat.rings.add(ring!.id);
    const usesRing = inRing && (known || room !== undefined);
    return {
      address,
      layout,
      digest,
      slot: { buffer: usesRing ? undefined : buffer, start, bytes },
      ring: usesRing ? ring.id : undefined,
      room,
      forget: seat.forget.splice(0),
    };
  }

  /** A worker failed: ends it, and has its jobs computed again. The first is the one that it failed with. */
  async #replace(seat: Seat, end: WorkerEnd): Promise<void> {
    const jobs = seat.jobs;
    const [job] = jobs as [Job];
    seat.jobs = [];
    seat.left = jobs;
    this.#watchFirst(seat);
    const error = this.#workerError(seat, job.task.address, end);
    job.failures.push(error);
    const failures = this.#row.length > job.failures.length ? this.#row : job.failures;
    const givenUp = failures.length >= this.#watch.attempts;
    this.#tell(seat, error, failures.length, givenUp);
    const ended = await this.#vacate(seat);
    if (this.#closed !== undefined) return;
    seat.left = [];
    for (const one of jobs) {
      this.#settle(one);
      if (ended && !(one.slot.buffer instanceof ArrayBuffer)) continue;
      // Whoever still writes there, or took it along, keeps it.
      if (one.task.ring !== undefined) one.task.ring.damaged = true;
      one.slot = newSlot(one.slot.bytes, this.sharing === 'shared');
    }
    const again = jobs.filter(({ cancelled }) => !cancelled);
    this.#queue.unshift(...(givenUp ? again.filter((one) => one !== job) : again));
    if (givenUp) {
      job.reject(new PoolError(failures));
      if (failures === this.#row) {
        this.#row = [];
        for (const waiting of this.#queue.splice(0)) waiting.reject(new PoolError(failures));
      }
    }
    this.#dispatch();
  }

  async #failIdle(seat: Seat, end: WorkerEnd): Promise<void> {
    if (this.#closed !== undefined) return;
    const error = this.#workerError(seat, undefined, end);
    this.#tell(seat, error, this.#row.length, false);
    const ending = this.#vacate(seat);
    this.#endings.add(ending);
    await ending;
    this.#endings.delete(ending);
    this.#dispatch();
  }

  #workerError(seat: Seat, address: PoolTask['address'] | undefined, end: WorkerEnd): WorkerError {
    const { code, problem, cause } = end;
    const error = new WorkerError(code, seat.number, address, problem, { cause });
    this.#row.push(error);
    return error;
  }

  #tell(seat: Seat, error: WorkerError, failures: number, givenUp: boolean): void {
    const { number: worker } = seat;
    const { address } = error;
    this.#watch.onFailure({ type: 'worker-failure', error, worker, address, failures, givenUp });
  }

  /** Ends a seat's worker; whether its end is certain. */
  async #vacate(seat: Seat): Promise<boolean> {
    const { handle } = seat;
    seat.vacating = true;
    seat.worker = undefined;
    seat.handle = undefined;
    seat.onFailed.clear();
    seat.rings.clear();
    seat.forget.length = 0;
    seat.proven = false;
    const ended = handle === undefined || (await within(endPatience, handle.end())) === true;
    if (!ended) seat.roomsFrom = nextRing();
    seat.vacating = false;
    return ended;
  }
}

/** A worker that did not start. */
class StartFailure extends Error {}

function reason(thrown: unknown): string {
  return `failed (${String(thrown)})`;
}

/** A promise's value, or `late` if that takes longer. */
async function within<Value, Late = undefined>(
  milliseconds: number,
  promise: Promise<Value> | undefined,
  late?: Late,
): Promise<Value | Late | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const waited = new Promise<Late | undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, late);
  });
  try {
    return await Promise.race([promise, waited]);
  } finally {
    clearTimeout(timer);
  }
}
