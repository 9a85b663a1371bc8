import type { KernelRoom } from '@maskloom/core';
import { LoaderClosedError, PoolError, WorkerError } from '../errors.ts';
import type { BatchAddress } from '../global-batch.ts';
import { nextRing, type Ring, type Sharing, sharingOfThreads } from '../ring.ts';
import { newSlot, type Slot } from '../slot.ts';
import {
  type PackedAnswer,
  type PackedTask,
  packTask,
  unpackAnswer,
  type WorkerTasks,
} from './messages.ts';
import { nextTurn } from './next-turn.ts';
import { isTyped, unpackError } from './packed-error.ts';
import type { Pool, PoolResult, PoolTask } from './pool.ts';
import type { WorkerStart } from './worker-compute.ts';
import {
  messagesOfWorker,
  type StartWorker,
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

/** Jobs that a worker was given in one message. */
interface Group {
  readonly jobs: readonly Job[];
  /** The cell in which the worker counts those that are done. */
  readonly cell: number;
}

/** Where one worker after another works. */
interface Seat {
  readonly number: number;
  worker: Promise<WorkerHandle> | undefined;
  handle: WorkerHandle | undefined;
  /** What it computes, and what it was given ahead, so that it need not wait between messages. */
  groups: Group[];
  /** Counts what is done of each group; none where threads share no memory. */
  done: Int32Array | undefined;
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
/** Milliseconds of computing that one message is worth at most, and batches: the first of them waits for the last. */
const worthOfMessage = 1.2;
const mostOfMessage = 16;

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
  /** How many batches take as long as a message is worth: one until that is known. */
  #most = 1;
  /** Whether workers that are busy are given more on the next turn of the event loop. */
  #turn = false;
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
      groups: [],
      done: undefined,
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
      .flatMap((seat) => [...jobsOf(seat), ...seat.left])
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
    const jobs = [...this.#queue.splice(0), ...this.#seats.flatMap(jobsOf)];
    for (const job of jobs) job.reject(new LoaderClosedError());
    for (const { timer } of this.#seats) clearTimeout(timer);
    const handles = this.#seats.map(({ handle }) => handle);
    await Promise.allSettled(handles.map((handle) => within(endPatience, handle?.end())));
    await Promise.allSettled(this.#endings);
  }

  #dispatch(): void {
    this.#give(0);
    if (this.#queue.length === 0 || this.#turn) return;
    if (this.#most === 1) {
      this.#give(1);
      return;
    }
    // Who takes several batches in a row frees their slots one by one: all of them go in one message.
    this.#turn = true;
    nextTurn(() => {
      this.#turn = false;
      this.#give(0);
      this.#give(1);
    });
  }

  /** Gives what waits to the workers that have so many messages; a worker that has not answered yet gets one job. */
  #give(messages: number): void {
    let given = 0;
    for (const { groups } of this.#seats) for (const { jobs } of groups) given += jobs.length;
    // So few that every worker can have a message that waits: else it would be idle until its answer was read.
    const fair = Math.ceil((given + this.#queue.length) / (this.#seats.length * messagesOfWorker));
    const most = Math.min(fair, this.#most);
    for (let has = messages; has < messagesOfWorker; has++) {
      const seats = this.#seats.filter(
        ({ vacating, groups, proven }) =>
          !vacating && groups.length === has && (has === 0 || proven),
      );
      for (const [index, seat] of seats.entries()) {
        if (this.#queue.length === 0) return;
        const share = Math.ceil(this.#queue.length / (seats.length - index));
        const count = seat.proven && seat.done !== undefined ? Math.min(share, most) : 1;
        this.#post(seat, this.#queue.splice(0, count));
      }
      if (messages === 0) return;
    }
  }

  #post(seat: Seat, jobs: readonly Job[]): void {
    const cell = seat.groups[0]?.cell === 0 ? 1 : 0;
    const group = { jobs, cell };
    seat.groups.push(group);
    if (seat.groups.length === 1) this.#watchFirst(seat);
    void this.#serve(seat, group);
  }

  /** The seat's worker; a new one is awaited until it takes tasks. */
  #workerOf(seat: Seat): Promise<WorkerHandle> {
    seat.worker ??= this.#newWorker(seat);
    return seat.worker;
  }

  async #newWorker(seat: Seat): Promise<WorkerHandle> {
    // Of its own: the worker before may still count in the other.
    const done =
      this.sharing === 'shared' ? new SharedArrayBuffer(4 * messagesOfWorker) : undefined;
    const handle = this.#startWorker({ ...this.#start, done }, { heap: this.#watch.heap });
    seat.handle = handle;
    seat.done = done && new Int32Array(done);
    void handle.failed.then((end) => {
      if (seat.handle !== handle) return;
      if (seat.onFailed.size > 0) for (const tell of seat.onFailed) tell(end);
      else if (seat.groups.length === 0) void this.#failIdle(seat, end);
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

  #settle(job: Job): void {
    this.#settled.get(job)?.();
    this.#settled.delete(job);
  }

  /** Gives what a seat computes now its time. */
  #watchFirst(seat: Seat): void {
    clearTimeout(seat.timer);
    if (seat.groups.length === 0 || seat.handle === undefined || this.#closed !== undefined) return;
    const { patience } = this.#watch;
    seat.timer = setTimeout(() => {
      const problem = `did not answer for ${patience} ms`;
      for (const tell of seat.onFailed) tell({ code: 'WORKER_HUNG', problem, cause: undefined });
    }, patience);
  }

  async #serve(seat: Seat, group: Group): Promise<void> {
    let end: WorkerEnd;
    let failed: Job | undefined;
    const starting = this.#workerOf(seat);
    const worker = seat.handle;
    // Once the worker was replaced, its jobs are others' and what it still says of them is too late.
    const late = () => seat.handle !== worker;
    try {
      const outcome = await this.#attempt(seat, group, await starting);
      if (late()) return;
      if ('code' in outcome) end = outcome;
      else {
        const crash = this.#accept(seat, group, outcome);
        if (crash === undefined) return this.#dispatch();
        ({ end, job: failed } = crash);
      }
    } catch (error) {
      if (late()) return;
      end =
        error instanceof StartFailure
          ? { code: 'WORKER_START', problem: error.message, cause: error.cause }
          : { code: 'WORKER_CRASHED', problem: reason(error), cause: error };
    }
    if (this.#closed === undefined) await this.#replace(seat, failed ?? unfinished(seat), end);
  }

  /** Takes a group off its seat, and answers its jobs; the first that failed for a reason which is not the batch's stays. */
  #accept(
    seat: Seat,
    group: Group,
    answers: readonly PackedAnswer[],
  ): { readonly job: Job; readonly end: WorkerEnd } | undefined {
    const crashed: Job[] = [];
    let end: WorkerEnd | undefined;
    for (const [index, job] of group.jobs.entries()) {
      const answer = unpackAnswer(answers[index]!);
      if (answer.buffer !== undefined) job.slot = { ...job.slot, buffer: answer.buffer };
      if ('error' in answer) {
        const cause = unpackError(answer.error);
        if (!isTyped(cause)) {
          end ??= { code: 'WORKER_CRASHED', problem: reason(cause), cause };
          crashed.push(job);
          continue;
        }
        job.reject(cause);
      } else {
        this.#row = [];
        seat.proven = true;
        const { result } = answer;
        const most = Math.floor(worthOfMessage / result.computed);
        this.#most = Math.min(Math.max(most, 1), mostOfMessage);
        job.resolve({ result, slot: job.slot, worker: seat.number });
      }
      this.#settle(job);
    }
    if (end !== undefined) {
      seat.groups = seat.groups.map((other) =>
        other === group ? { ...group, jobs: crashed } : other,
      );
      return { job: crashed[0]!, end };
    }
    seat.groups = seat.groups.filter((other) => other !== group);
    this.#watchFirst(seat);
    return undefined;
  }

  /** Has a worker compute a group; why it did not, if it did not. */
  async #attempt(
    seat: Seat,
    group: Group,
    handle: WorkerHandle,
  ): Promise<readonly PackedAnswer[] | WorkerEnd> {
    const { jobs, cell } = group;
    const transferred = jobs.flatMap(({ slot: { buffer } }) =>
      buffer instanceof ArrayBuffer ? [buffer] : [],
    );
    if (seat.groups[0] === group) this.#watchFirst(seat);
    if (seat.done !== undefined) Atomics.store(seat.done, cell, 0);
    let tell: (end: WorkerEnd) => void = () => {};
    // Not a race with `failed`: that promise lives as long as its worker, and would keep every task.
    const outcome = await new Promise<readonly PackedAnswer[] | WorkerEnd>((resolve) => {
      tell = resolve;
      seat.onFailed.add(tell);
      const rooms = this.#newRooms(seat, jobs);
      const tasks = jobs.map(({ task, slot }) => taskOf(seat, task, slot));
      const forget = seat.forget.splice(0);
      handle.run({ tasks, cell, rooms, forget }, transferred).then(resolve, (cause: unknown) => {
        // A worker that fails takes its tasks along; why it failed is told at once, if at all.
        setTimeout(resolve, 100, { code: 'WORKER_CRASHED', problem: reason(cause), cause });
      });
    });
    seat.onFailed.delete(tell);
    return outcome;
  }

  /** The rooms of a worker in rings that it has its first jobs in. */
  #newRooms(seat: Seat, jobs: readonly Job[]): WorkerTasks['rooms'] {
    const rooms: { ring: number; room: KernelRoom }[] = [];
    for (const { task } of jobs) {
      const { ring } = task;
      if (ring === undefined || seat.rings.has(ring.id) || ring.id < seat.roomsFrom) continue;
      const room = ring.room(seat.number);
      if (room === undefined) continue;
      seat.rings.add(ring.id);
      rooms.push({ ring: ring.id, room });
    }
    return rooms;
  }

  /** A worker failed with a job: ends it, and has all of its jobs computed again. */
  async #replace(seat: Seat, job: Job, end: WorkerEnd): Promise<void> {
    const jobs = jobsOf(seat);
    seat.groups = [];
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

/** A job as it is posted to a worker: in a ring whose memory that has, or with memory that goes along. */
function taskOf(seat: Seat, { address, layout, digest, ring }: PoolTask, slot: Slot): PackedTask {
  const { buffer, start, bytes } = slot;
  const inRing = ring?.memory !== undefined && ring.memory.buffer === buffer;
  const usesRing = inRing && seat.rings.has(ring.id);
  return packTask({
    address,
    layout,
    digest,
    ring: usesRing ? ring.id : undefined,
    slot: { buffer: usesRing ? undefined : buffer, start, bytes },
  });
}

function jobsOf({ groups }: Seat): Job[] {
  return groups.flatMap(({ jobs }) => jobs);
}

/** What a worker that failed was computing: the first of its jobs that is not done. */
function unfinished({ groups, done }: Seat): Job {
  for (const { jobs, cell } of groups) {
    const job = jobs[done === undefined ? 0 : Atomics.load(done, cell)];
    if (job !== undefined) return job;
  }
  return groups[0]!.jobs[0]!;
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
