import type { WorkerError } from '../errors.ts';
import type { Slot } from '../slot.ts';
import type { PoolJob, PoolResult, PoolTask } from './pool.ts';

type Outcome = { readonly result: PoolResult } | { readonly error: unknown };

/** Whoever brings about the outcomes of jobs. */
export interface Overseer {
  /** Jobs that somebody awaits. */
  awaited: number;
  /** Looks for a job's outcome, or sees to it that the job is told of it; whether it may be given at once: else the event loop has its turn first. */
  find(job: Job): boolean;
  /** Resolves on the event loop's next turn. */
  turn(): Promise<void>;
}

/** A task that waits, is computed, or has its outcome. */
export class Job implements PoolJob {
  readonly task: PoolTask;
  slot: Slot;
  readonly failures: WorkerError[] = [];
  /** Where it is on the board. */
  place: number | undefined;
  /** With which worker it was seen last, and when first. */
  seenWith: number | undefined;
  seen = 0;
  outcome: Outcome | undefined;
  /** Whether somebody writes to its slot, or may yet. */
  running = true;
  readonly #overseer: Overseer;
  /** Who is to be told of news; most jobs have nobody. */
  #told: (() => void)[] | undefined;

  constructor(task: PoolTask, overseer: Overseer) {
    this.task = task;
    this.slot = task.slot;
    this.#overseer = overseer;
  }

  take(): PoolResult | Promise<PoolResult> {
    const atOnce = this.#overseer.find(this);
    if (this.outcome === undefined) return this.#outcome();
    return atOnce ? resultOf(this.outcome) : this.#nextTurn();
  }

  /** Its outcome, unless it has one. */
  finish(outcome: Outcome): void {
    if (this.outcome !== undefined) return;
    this.outcome = outcome;
    if ('result' in outcome) this.task.onComputed?.();
    this.#tell();
  }

  /** Nobody writes to its slot any more. */
  end(): void {
    this.running = false;
    this.#tell();
  }

  /** Resolves once nobody writes to its slot any more. */
  async ended(): Promise<void> {
    while (this.running) await this.#news();
  }

  async #outcome(): Promise<PoolResult> {
    while (this.outcome === undefined) await this.#news();
    return resultOf(this.outcome);
  }

  async #nextTurn(): Promise<PoolResult> {
    await this.#overseer.turn();
    return resultOf(this.outcome!);
  }

  #news(): Promise<void> {
    this.#overseer.awaited++;
    this.#told ??= [];
    const told = this.#told;
    return new Promise((resolve) => told.push(resolve));
  }

  #tell(): void {
    if (this.#told === undefined) return;
    const told = this.#told;
    this.#told = undefined;
    this.#overseer.awaited -= told.length;
    for (const tell of told) tell();
  }
}

function resultOf(outcome: Outcome): PoolResult {
  if ('error' in outcome) throw outcome.error;
  return outcome.result;
}
