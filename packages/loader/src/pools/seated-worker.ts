import type { KernelRoom } from '@maskloom/core';
import type { LayoutSpec } from '../layouts/layout-spec.ts';
import type { Ring } from '../ring.ts';
import type { Job } from './job.ts';
import type { PostedTask, ToWorker } from './messages.ts';
import type { WorkerCells } from './worker-cells.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** Tasks that a worker is posted at a time: one that it computes, and one that waits there. */
export const mostPosted = 2;

/** What tasks on the board may refer to. */
export interface Known {
  readonly rings: ReadonlyMap<number, Ring>;
  /** By their numbers. */
  readonly layouts: readonly (LayoutSpec | undefined)[];
}

/** A worker that the pool has started, what it was told and what it was posted. */
export class SeatedWorker {
  readonly handle: WorkerHandle;
  /** Its name on the board: of this worker alone. */
  readonly owner: number;
  /** Undefined where threads share no memory. */
  readonly #cells: WorkerCells | undefined;
  /** Whether it takes messages. */
  ready = false;
  /** Tasks that it was posted and has not answered, by number. */
  readonly jobs = new Map<number, Job>();
  #numbers = 0;
  readonly #rings = new Set<number>();
  readonly #forget: number[] = [];
  #layouts = 0;
  /** Messages after which it has not yet said that there is no more to do, and when the last was posted. */
  #messages = 0;
  #posted = 0;
  /** Answers that it posted. */
  #answers = 0;
  /** Its signs of life when they were last looked at, and since when there was no other. */
  #signs = 0;
  #since = 0;

  constructor(handle: WorkerHandle, owner: number, cells: WorkerCells | undefined) {
    this.handle = handle;
    this.owner = owner;
    this.#cells = cells;
  }

  get isWorking(): boolean {
    return this.ready && this.#messages > 0;
  }

  /** Whether it takes tasks from the board only once it is posted a message. */
  get isAsleep(): boolean {
    return this.ready && this.#cells?.isAwake === false;
  }

  /** Milliseconds since it was posted a message. */
  sincePosted(now: number): number {
    return now - this.#posted;
  }

  /** Whether it was told of a ring and a layout. */
  knows(ring: number, layout: number): boolean {
    return this.#rings.has(ring) && layout < this.#layouts;
  }

  /** Has it let go of a ring's memory, with the next message. */
  forget(ring: number): void {
    if (this.#rings.delete(ring)) this.#forget.push(ring);
  }

  /** Posts a message, with jobs of its own if there are any, and all it does not know; resolves as `WorkerHandle.run` does. */
  async post(
    jobs: readonly Job[],
    { rings, layouts }: Known,
    roomIn: (ring: Ring) => KernelRoom | undefined,
  ): Promise<void> {
    const buffers: ArrayBuffer[] = [];
    const tasks = jobs.map((job): PostedTask => {
      const { address, layout, digest } = job.task;
      const { slot } = job;
      const number = this.#numbers++;
      this.jobs.set(number, job);
      if (slot.buffer instanceof ArrayBuffer) buffers.push(slot.buffer);
      return { job: number, address, layout, digest, slot };
    });
    const message: ToWorker = {
      tasks,
      rings: [...rings.values()]
        .filter(({ id }) => !this.#rings.has(id))
        .map((ring) => ({ ring: ring.id, memory: ring.memory!, room: roomIn(ring) })),
      forget: this.#forget.splice(0),
      layouts: layouts.slice(this.#layouts),
    };
    for (const { ring } of message.rings) this.#rings.add(ring);
    this.#layouts = layouts.length;
    // Before it is posted: what the worker takes from the board after this may need it.
    this.#cells?.countPosted();
    if (this.#cells !== undefined) this.#cells.isAwake = true;
    this.#posted = performance.now();
    if (this.#messages++ === 0) this.#since = this.#posted;
    try {
      await this.handle.run(message, buffers);
    } finally {
      this.#messages--;
    }
  }

  /** Takes note of an answer that it posted. */
  countAnswer(): void {
    this.#answers++;
  }

  /** Of its jobs, what it was computing when it was last heard of. */
  currentOf(onBoard: readonly Job[]): Job | undefined {
    const current = this.#cells?.current;
    const posted = [...this.jobs.values()];
    if (current === undefined) return onBoard[0] ?? posted[0];
    if ('job' in current) return this.jobs.get(current.job);
    return onBoard.find(({ place }) => place === current.place);
  }

  /**
   * Whether it hangs, and with which job if that is known: it is at work and was not seen to get on for so many milliseconds, or one
   * of its jobs was seen so long ago, though it gets on with others.
   */
  hangs(
    patience: number,
    onBoard: readonly Job[],
    now: number,
  ): { readonly job: Job | undefined } | undefined {
    const signs = this.#cells?.beats ?? this.#answers;
    if (signs !== this.#signs) {
      this.#signs = signs;
      this.#since = now;
    }
    const isLate = (job: Job, limit: number): boolean => {
      if (job.seenWith !== this.owner) job.seen = now;
      job.seenWith = this.owner;
      return now - job.seen >= limit;
    };
    const job =
      onBoard.find((one) => isLate(one, patience)) ??
      // Of those that it was posted each waits for the others, and for one of the board.
      [...this.jobs.values()].find((one) => isLate(one, (1 + mostPosted) * patience));
    if (!this.isWorking) return undefined;
    return job !== undefined || now - this.#since >= patience ? { job } : undefined;
  }

  /** Has it take nothing more from the board. */
  retire(): void {
    this.#cells?.retire();
  }
}
