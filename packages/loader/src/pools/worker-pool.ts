import type { BatchResult } from '../compute.ts';
import { LoaderClosedError, PoolError, WorkerError } from '../errors.ts';
import type { BatchAddress } from '../global-batch.ts';
import type { LayoutSpec } from '../layouts/layout-spec.ts';
import { nextRing, type Ring, type Sharing, sharingOfThreads } from '../ring.ts';
import { newSlot } from '../slot.ts';
import { Board } from './board.ts';
import { Job, type Overseer } from './job.ts';
import type { FromWorker, PostedAnswer } from './messages.ts';
import { nextTurn } from './next-turn.ts';
import { isTyped, unpackError } from './packed-error.ts';
import type { Pool, PoolTask } from './pool.ts';
import { type Known, mostPosted, SeatedWorker } from './seated-worker.ts';
import { WorkerCells } from './worker-cells.ts';
import type { WorkerData } from './worker-compute.ts';
import type { StartWorker, WorkerEnd, WorkerHandle } from './worker-handle.ts';

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
  /** Milliseconds after which a worker that does not get on counts as hung. */
  readonly patience: number;
  /** Failures in a row, of a batch or of all workers, before giving up. */
  readonly attempts: number;
  readonly heap: number | undefined;
  readonly onFailure: (event: WorkerFailureEvent) => void;
}

/** Where one worker after another works. */
interface Seat {
  readonly number: number;
  worker: SeatedWorker | undefined;
  /** Whether the worker before is still being ended. */
  vacating: boolean;
  /** Older rings have rooms that a worker whose end is not certain may still write to. */
  roomsFrom: number;
}

/** Milliseconds that a worker has at least to start. */
const startPatience = 30_000;
/** Milliseconds that the end of a worker is waited for before its memory is given up. */
const endPatience = 5000;
/** Milliseconds that a thread is left to sleep, if others can do without it; and tasks that it may miss at most. */
const sleep = 1.2;
const mostMissed = 64;
/** Milliseconds after which the event loop has its turn, though batches are there. */
const turnAfter = 1.2;
/** How often within their patience the pool inspects the workers. */
const inspections = 8;

/** Computes in workers, and in others if these fail. */
export class WorkerPool implements Pool {
  readonly sharing: Sharing = sharingOfThreads();
  readonly rooms: number;
  readonly #data: WorkerData;
  readonly #startWorker: StartWorker;
  readonly #watch: Watch;
  readonly #seats: Seat[];
  /** Where threads share memory. */
  readonly #board = this.sharing === 'shared' ? new Board() : undefined;
  /** What is on the board, by place. */
  readonly #jobs: (Job | undefined)[] = [];
  /** What waits for room on the board, or for a worker that it can be posted to. */
  #toPut: Job[] = [];
  #toPost: Job[] = [];
  /** What was taken from a worker that failed, until its end is known. */
  readonly #stranded = new Set<Job>();
  /** Workers whose end is not certain. */
  readonly #gone = new Set<SeatedWorker>();
  readonly #known = {
    rings: new Map<number, Ring>(),
    layouts: [] as (LayoutSpec | undefined)[],
  } satisfies Known;
  /** Failures since the last batch that succeeded. */
  #row: WorkerError[] = [];
  #closed: Promise<void> | undefined;
  readonly #endings = new Set<Promise<unknown>>();
  #started = 0;
  /** Milliseconds that the last batch took. */
  #took = Number.POSITIVE_INFINITY;
  /** When this thread was last woken by a worker, and when its event loop last had its turn. */
  #woken = 0;
  #turned = 0;
  #watching: ReturnType<typeof setTimeout> | undefined;
  #waking: ReturnType<typeof setTimeout> | undefined;

  constructor(workers: number, startWorker: StartWorker, data: WorkerData, watch: Watch) {
    this.rooms = workers;
    this.#data = data;
    this.#startWorker = startWorker;
    this.#watch = watch;
    this.#seats = Array.from({ length: workers }, (_, number) => ({
      number,
      worker: undefined,
      vacating: false,
      roomsFrom: 0,
    }));
    for (const seat of this.#seats) this.#start(seat);
  }

  run(task: PoolTask): Job {
    const job = new Job(task, this.#overseer);
    if (this.#closed !== undefined) job.finish({ error: new LoaderClosedError() });
    else this.#queue([job]);
    return job;
  }

  async cancel(stream: object, reason: unknown): Promise<void> {
    const ofStream = ({ task }: Job) => task.stream === stream;
    const waiting = [...this.#toPut, ...this.#toPost].filter(ofStream);
    this.#toPut = this.#toPut.filter((job) => !ofStream(job));
    this.#toPost = this.#toPost.filter((job) => !ofStream(job));
    const taken = new Set<Job>();
    for (const job of [...this.#jobs, ...this.#posted(), ...this.#stranded]) {
      if (job === undefined || !ofStream(job)) continue;
      if (job.place !== undefined && this.#board!.cancel(job.place)) waiting.push(job);
      else taken.add(job);
    }
    for (const job of waiting) job.end();
    for (const job of [...waiting, ...taken]) job.finish({ error: reason });
    const ended = Promise.all([...taken].map((job) => job.ended()));
    this.#refresh();
    await ended;
  }

  forget(ring: Ring): void {
    this.#known.rings.delete(ring.id);
    for (const { worker } of this.#seats) worker?.forget(ring.id);
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    this.#board?.close();
    const error = new LoaderClosedError();
    this.#abandon(error);
    for (const job of [...this.#jobs, ...this.#posted(), ...this.#stranded]) job?.finish({ error });
    clearTimeout(this.#watching);
    clearTimeout(this.#waking);
    const handles = this.#seats.map(({ worker }) => worker?.handle);
    for (const seat of this.#seats) seat.worker = undefined;
    await Promise.allSettled(handles.map((handle) => within(endPatience, handle?.end())));
    await Promise.allSettled(this.#endings);
    // Whoever keeps the loader does not keep its memory.
    this.#jobs.length = 0;
    this.#known.rings.clear();
  }

  /** What workers were posted. */
  #posted(): Job[] {
    return this.#seats.flatMap(({ worker }) => [...(worker?.jobs.values() ?? [])]);
  }

  /** Fails all that nobody computes yet. */
  #abandon(error: Error): void {
    const jobs = [...this.#toPut.splice(0), ...this.#toPost.splice(0)];
    for (const [place, job] of this.#jobs.entries()) {
      if (job !== undefined && this.#board!.cancel(place)) jobs.push(job);
    }
    for (const job of jobs) {
      job.end();
      job.finish({ error });
    }
  }

  // ---- Tasks to workers -------------------------------------------------------------------------

  /** What has failed before is posted to the next worker, so that it comes before all that is on the board. */
  #queue(jobs: readonly Job[], again = false): void {
    for (const job of jobs) {
      const { ring } = job.task;
      const inRing = ring?.memory !== undefined && ring.slots[0]!.buffer === job.slot.buffer;
      if (this.#board !== undefined && inRing && !again) this.#toPut.push(job);
      else this.#toPost.push(job);
    }
    this.#give();
  }

  /** Puts up and posts what waits, as far as there is room. */
  #give(): void {
    if (this.#closed !== undefined) return;
    if (this.#toPut.length > 0) {
      this.#putUp();
      this.#wakeWorkers(false);
      // Full of what nobody reads, or of lost places: no reason for workers to be idle.
      if (this.#toPut.length > 0 && this.#board!.waiting === 0) {
        this.#toPost.push(...this.#toPut.splice(0, this.#seats.length));
      }
    }
    while (this.#toPost.length > 0) {
      const [seat] = this.#seats
        .filter(({ worker }) => worker?.ready === true && worker.jobs.size < mostPosted)
        .toSorted((a, b) => a.worker!.jobs.size - b.worker!.jobs.size);
      if (seat === undefined) break;
      this.#post(seat, seat.worker!, [this.#toPost.shift()!]);
    }
    if (this.#hasWaiting()) for (const seat of this.#seats) this.#start(seat);
  }

  /** Puts up what there is room for. */
  #putUp(): void {
    let count = 0;
    for (const job of this.#toPut) {
      if (!this.#put(job)) break;
      count++;
    }
    this.#toPut.splice(0, count);
  }

  /** Puts a job on the board; whether there was room. */
  #put(job: Job): boolean {
    const { address, digest } = job.task;
    const { start, bytes } = job.slot;
    const ring = job.task.ring!;
    this.#known.rings.set(ring.id, ring);
    const layout = this.#layoutOf(job.task.layout);
    for (const seat of this.#seats) {
      const { worker } = seat;
      // All must have been told before the first of them may take it.
      if (worker?.ready === true && !worker.knows(ring.id, layout)) this.#post(seat, worker, []);
    }
    job.place = this.#board!.put({ address, layout, digest, ring: ring.id, start, bytes });
    if (job.place === undefined) return false;
    this.#jobs[job.place] = job;
    return true;
  }

  /** A layout's number. */
  #layoutOf(spec: LayoutSpec | undefined): number {
    const { layouts } = this.#known;
    const known = layouts.indexOf(spec);
    if (known !== -1) return known;
    const json = JSON.stringify(spec);
    const same = layouts.findIndex((one) => JSON.stringify(one) === json);
    return same === -1 ? layouts.push(spec) - 1 : same;
  }

  /** Wakes as many workers as there are tasks on the board; unless `now`, only if it is worth it. */
  #wakeWorkers(now: boolean): void {
    const board = this.#board;
    if (board === undefined) return;
    let { waiting } = board;
    for (const seat of this.#seats) {
      const { worker } = seat;
      if (waiting <= 0) return;
      if (worker?.isAsleep !== true) continue;
      if (!now && waiting < this.#worth() && worker.sincePosted(performance.now()) < sleep) {
        this.#waking ??= setTimeout(() => {
          this.#waking = undefined;
          this.#wakeWorkers(true);
        }, 2 * sleep);
        return;
      }
      this.#post(seat, worker, []);
      waiting--;
    }
  }

  /** Tasks that are worth waking a thread for. */
  #worth(): number {
    return Math.min(Math.max(1, Math.floor(sleep / this.#took)), mostMissed);
  }

  #post(seat: Seat, worker: SeatedWorker, jobs: readonly Job[]): void {
    const roomIn = (ring: Ring) => (ring.id < seat.roomsFrom ? undefined : ring.room(seat.number));
    worker.post(jobs, this.#known, roomIn).then(
      () => this.#refresh(),
      (cause: unknown) => {
        if (this.#closed !== undefined) return;
        // A worker that fails takes its tasks along; why it failed is told at once, if at all.
        setTimeout(() => void this.#fail(seat, worker, crash(cause)), 100);
      },
    );
    this.#watchOver();
  }

  // ---- Answers of workers -----------------------------------------------------------------------

  readonly #overseer: Overseer = {
    awaited: 0,
    find: (job) => {
      this.#readBoard(job);
      // Places are free again.
      if (this.#toPut.length > 0) this.#give();
      const now = performance.now();
      if (job.outcome === undefined && this.#closed === undefined) {
        this.#wakeWorkers(true);
        this.#setAlarm(now);
        // It may have been done since.
        this.#readBoard(job);
      }
      return now - this.#turned < turnAfter;
    },
    turn: async () => {
      await nextTurn();
      this.#turned = performance.now();
    },
  };

  /** Has the workers wake this thread: at once if it wasn't for a while, else when that is worth it. */
  #setAlarm(now: number): void {
    const board = this.#board;
    if (board === undefined) return;
    const half = Math.ceil(board.size / 2);
    board.setAlarm(now - this.#woken >= sleep ? 1 : Math.max(1, Math.min(this.#worth(), half)));
  }

  /** A worker has said something: sees what is done, and has the workers go on. */
  #refresh(): void {
    if (this.#closed !== undefined) return;
    const now = performance.now();
    this.#turned = now;
    this.#readBoard();
    this.#give();
    if (this.#overseer.awaited > 0) {
      this.#wakeWorkers(true);
      this.#setAlarm(now);
      this.#readBoard();
    }
    this.#woken = now;
    this.#watchOver();
  }

  /** Reads what is done: all of it, or all in turn and the job that is asked for. */
  #readBoard(asked?: Job): void {
    const board = this.#board;
    if (board === undefined) return;
    board.readDone((place) => this.#readPlace(board, place));
    for (const job of asked === undefined ? this.#jobs : [asked]) {
      const place = job?.place;
      if (place !== undefined && board.isDone(place)) this.#readPlace(board, place);
    }
  }

  #readPlace(board: Board, place: number): void {
    const job = this.#jobs[place]!;
    if (board.isDone(place)) this.#succeed(job, board.resultAt(place), board.workerAt(place));
    board.free(place);
    this.#leave(job);
  }

  /** Nobody writes to a job's slot any more. */
  #leave(job: Job): void {
    if (job.place !== undefined) this.#jobs[job.place] = undefined;
    job.place = undefined;
    job.end();
  }

  #succeed(job: Job, result: BatchResult, worker: number): void {
    this.#row = [];
    this.#took = result.computed;
    job.finish({ result: { result, slot: job.slot, worker } });
  }

  #hear(seat: Seat, worker: SeatedWorker, { answer }: FromWorker): void {
    // Once the worker was replaced, its jobs are others' and what it still says of them is too late.
    if (seat.worker !== worker) return;
    if (answer !== undefined) this.#accept(seat, worker, answer);
    this.#refresh();
  }

  #accept(seat: Seat, worker: SeatedWorker, answer: PostedAnswer): void {
    const { to, buffer } = answer;
    const job = 'place' in to ? this.#jobs[to.place] : worker.jobs.get(to.job);
    if (job === undefined) return;
    worker.countAnswer();
    if (buffer !== undefined) job.slot = { ...job.slot, buffer };
    if ('error' in answer) {
      const cause = unpackError(answer.error);
      if (!isTyped(cause)) {
        void this.#fail(seat, worker, crash(cause), job);
        return;
      }
      job.finish({ error: cause });
    } else this.#succeed(job, answer.result, seat.number);
    if ('place' in to) this.#board!.free(to.place);
    else worker.jobs.delete(to.job);
    this.#leave(job);
  }

  // ---- Workers that start, fail and end ---------------------------------------------------------

  #start(seat: Seat): void {
    if (seat.worker !== undefined || seat.vacating || this.#closed !== undefined) return;
    const owner = ++this.#started;
    const cells = this.#board && new WorkerCells();
    const shared = this.#board && {
      board: this.#board.memory,
      cells: cells!.memory,
      worker: seat.number,
      owner,
    };
    const onMessage = (message: FromWorker) => this.#hear(seat, worker, message);
    const options = { heap: this.#watch.heap, onMessage };
    let handle: WorkerHandle;
    try {
      handle = this.#startWorker({ ...this.#data, shared }, options);
    } catch (cause) {
      handle = neverStarted(cause);
    }
    const worker = new SeatedWorker(handle, owner, cells);
    seat.worker = worker;
    void handle.failed.then((end) => {
      if (worker.ready) void this.#fail(seat, worker, end);
    });
    void this.#awaitStart(handle).then((end) => {
      if (end !== undefined) return void this.#fail(seat, worker, end);
      if (seat.worker !== worker || this.#closed !== undefined) return;
      worker.ready = true;
      // Whatever comes to the board, it must know the rings that are there.
      if (this.#board !== undefined) this.#post(seat, worker, []);
      this.#give();
    });
  }

  /** Resolves once a worker takes messages; why it does not, if it does not. */
  async #awaitStart(handle: WorkerHandle): Promise<WorkerEnd | undefined> {
    const patience = Math.max(startPatience, this.#watch.patience);
    const started = handle.ready.then(
      () => undefined,
      // Its end, if that is why, is told at once.
      async (cause: unknown) =>
        (await within(100, handle.failed)) ?? { problem: reason(cause), cause },
    );
    const late = { problem: `did not start for ${patience} ms`, cause: undefined };
    const end = await within(patience, Promise.race([started, handle.failed]), late);
    return end && { code: 'WORKER_START', problem: end.problem, cause: end.cause };
  }

  /** A worker failed, with a job if it had one: ends it, and has all of its jobs computed again. */
  async #fail(seat: Seat, worker: SeatedWorker, end: WorkerEnd, culprit?: Job): Promise<void> {
    if (seat.worker !== worker || this.#closed !== undefined) return;
    seat.worker = undefined;
    seat.vacating = true;
    worker.retire();
    // What was done before it failed was no failure.
    this.#readBoard();
    const onBoard = this.#ownedBy(worker);
    const jobs = [...onBoard, ...worker.jobs.values()];
    for (const one of jobs) this.#stranded.add(one);
    const job = culprit ?? worker.currentOf(onBoard);
    const { code, problem, cause } = end;
    const error = new WorkerError(code, seat.number, job?.task.address, problem, { cause });
    this.#row.push(error);
    job?.failures.push(error);
    const failures =
      job === undefined || this.#row.length > job.failures.length ? this.#row : job.failures;
    const givenUp =
      failures.length >= this.#watch.attempts && (job !== undefined || this.#hasWaiting());
    this.#report(seat, error, failures.length, givenUp);
    const ended = await this.#vacate(seat, worker);
    for (const one of jobs) this.#stranded.delete(one);
    if (this.#closed !== undefined) return;
    this.#readBoard();
    if (givenUp) job?.finish({ error: new PoolError(failures) });
    this.#again(worker, ended);
    if (givenUp && failures === this.#row) {
      this.#row = [];
      this.#abandon(new PoolError(failures));
    }
    this.#refresh();
  }

  #report(seat: Seat, error: WorkerError, failures: number, givenUp: boolean): void {
    const { number: worker } = seat;
    const { address } = error;
    this.#watch.onFailure({ type: 'worker-failure', error, worker, address, failures, givenUp });
  }

  /** Ends a seat's worker; whether its end is certain. */
  async #vacate(seat: Seat, worker: SeatedWorker): Promise<boolean> {
    const ending = within(endPatience, worker.handle.end());
    this.#endings.add(ending);
    const ended = (await ending) === true;
    this.#endings.delete(ending);
    if (!ended) {
      seat.roomsFrom = nextRing();
      this.#gone.add(worker);
    }
    seat.vacating = false;
    return ended;
  }

  /** Has computed again what a worker that failed has not done. */
  #again(worker: SeatedWorker, ended: boolean): void {
    const jobs = [...worker.jobs.values()];
    worker.jobs.clear();
    for (const job of this.#ownedBy(worker)) {
      if (ended) this.#board!.free(job.place!);
      // It is done after all.
      else if (!this.#board!.lose(job.place!, worker.owner)) continue;
      this.#jobs[job.place!] = undefined;
      job.place = undefined;
      jobs.push(job);
    }
    for (const job of jobs) {
      if (ended && !(job.slot.buffer instanceof ArrayBuffer)) continue;
      // Whoever still writes there, or took it along, keeps it.
      if (job.task.ring !== undefined) job.task.ring.damaged = true;
      job.slot = newSlot(job.slot.bytes, this.sharing === 'shared');
    }
    for (const job of jobs) if (job.outcome !== undefined) job.end();
    this.#queue(
      jobs.filter(({ outcome }) => outcome === undefined),
      true,
    );
  }

  /** What a worker has taken from the board. */
  #ownedBy({ owner }: SeatedWorker): Job[] {
    return this.#jobs.flatMap((job, place) =>
      job !== undefined && this.#board!.ownerOf(place) === owner ? [job] : [],
    );
  }

  #hasWaiting(): boolean {
    return this.#toPut.length + this.#toPost.length > 0 || (this.#board?.waiting ?? 0) > 0;
  }

  /** Looks after the workers from time to time, as long as there is one that may have to be given up. */
  #watchOver(): void {
    if (this.#closed !== undefined) return;
    const working = this.#seats.some(({ worker }) => worker?.isWorking === true);
    if (!working && (this.#gone.size === 0 || this.#jobs.every((job) => job === undefined))) {
      clearTimeout(this.#watching);
      this.#watching = undefined;
      return;
    }
    this.#watching ??= setTimeout(
      () => {
        this.#watching = undefined;
        // First what they have said is heard: this thread itself may have been busy.
        void nextTurn().then(() => this.#inspect());
      },
      Math.ceil(this.#watch.patience / inspections),
    );
  }

  #inspect(): void {
    if (this.#closed !== undefined) return;
    const now = performance.now();
    const { patience } = this.#watch;
    for (const seat of this.#seats) {
      const { worker } = seat;
      const hung = worker?.hangs(patience, this.#ownedBy(worker), now);
      if (worker === undefined || hung === undefined) continue;
      const problem = `did not answer for ${patience} ms`;
      const end = { code: 'WORKER_HUNG', problem, cause: undefined } as const;
      void this.#fail(seat, worker, end, hung.job);
    }
    // Whose end is not certain may have taken one more task before it knew.
    for (const worker of this.#gone) this.#again(worker, false);
    this.#refresh();
  }
}

/** In place of a worker that its runtime can't even begin to start. */
function neverStarted(cause: unknown): WorkerHandle {
  return {
    ready: Promise.reject(cause),
    failed: new Promise(() => {}),
    run: () => Promise.reject(cause),
    end: async () => true,
  };
}

function crash(cause: unknown): WorkerEnd {
  return { code: 'WORKER_CRASHED', problem: reason(cause), cause };
}

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
