/**
 * @file The tasks of a pool, in memory that its threads share: workers take one after the other from here and leave their
 * answers here, so that no message is sent as long as there is work. A message takes longer than many a batch.
 */
import type { BatchResult } from '../compute.ts';
import type { BatchAddress } from '../global-batch.ts';
import { contentsReader, writeContents } from './contents-words.ts';

/** A task in numbers: its layout, ring and slot are known to whoever reads it. */
export interface BoardTask {
  readonly address: Required<BatchAddress>;
  readonly layout: number;
  readonly digest: boolean;
  readonly ring: number;
  /** Where the batch goes in the ring's memory. */
  readonly start: number;
  readonly bytes: number;
}

/** Tasks on a board at most: a power of two, and few enough that it stays in a processor's cache. */
const places = 128;
/** Words of 8 bytes that a place takes: its state, then what its task is, and later the result. */
const wordsOfPlace = 128;
/** Where the worker and the contents of the slot are among the words of a result. */
const [workerAt, contentsAt] = [8, 9];
/** Cells of 4 bytes in two lines of a processor's cache, which it may fetch together: what threads change at once lies so far apart. */
const cellsOfLine = 32;

/** Cells that all threads share: how many tasks were put up, the first that may wait, how many were computed, at which of them the pool wants to be woken, and whether the board is closed. */
const [putUp, next, computed, alarm, closed] = [0, 1, 2, 3, 4].map(
  (line) => line * cellsOfLine,
) as [number, number, number, number, number];
const cellsOfControls = 5 * cellsOfLine;

/** What a place may be, unless it is the number of the worker that computes its task. */
const free = 0;
const waiting = -1;
const done = -2;
const cancelled = -3;
const lost = -4;

const bytesOfBoard = 4 * cellsOfControls + 8 * places * wordsOfPlace;

/** A pool's board. The pool and each of its workers have one of these over the same memory. */
export class Board {
  readonly memory: SharedArrayBuffer;
  readonly #controls: Int32Array;
  readonly #states: Int32Array;
  readonly #words: Float64Array;
  /** Of the pool: what comes next to read, and how many tasks were put up. Counts wrap around at 2^32. */
  #head: number;
  #end: number;
  readonly #contentsAt = contentsReader();

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(bytesOfBoard)) {
    this.memory = memory;
    this.#controls = new Int32Array(memory, 0, cellsOfControls);
    this.#states = new Int32Array(memory, 4 * cellsOfControls);
    this.#words = new Float64Array(memory, 4 * cellsOfControls);
    this.#end = Atomics.load(this.#controls, putUp);
    this.#head = this.#end;
  }

  // ---- Of the pool ------------------------------------------------------------------------------

  /** Tasks that were put up and not read yet, those that were read out of turn included. */
  get size(): number {
    return (this.#end - this.#head) | 0;
  }

  /** How many tasks nobody has taken: not more than this. None, if it is 0. */
  get waiting(): number {
    // Only workers that take tasks move it on, and not over what was cancelled behind the last that they took.
    const from = Atomics.load(this.#controls, next);
    let at = from;
    while (at !== this.#end && this.#stateAt(at) !== waiting) at = (at + 1) | 0;
    if (at !== from) Atomics.compareExchange(this.#controls, next, from, at);
    return (this.#end - at) | 0;
  }

  /** Puts up a task; its place, or nothing while the board is full. */
  put(task: BoardTask): number | undefined {
    // A lost place is passed by for ever.
    while (this.size < places && this.#stateAt(this.#end) === lost) this.#moveEnd();
    if (this.size === places) return undefined;
    const place = this.#end & (places - 1);
    this.#writeTask(place, task);
    Atomics.store(this.#states, cellOf(place), waiting);
    this.#moveEnd();
    return place;
  }

  /** Calls back with each place whose task is done or cancelled, up to the first that is neither; it is to be freed then. */
  readDone(read: (place: number) => void): void {
    for (; this.#head !== this.#end; this.#head = (this.#head + 1) | 0) {
      const place = this.#head & (places - 1);
      const state = Atomics.load(this.#states, cellOf(place));
      if (state === done || state === cancelled) read(place);
      else if (state !== free && state !== lost) return;
    }
  }

  isDone(place: number): boolean {
    return Atomics.load(this.#states, cellOf(place)) === done;
  }

  /** The worker that computes a place's task, if one does. */
  ownerOf(place: number): number | undefined {
    const state = Atomics.load(this.#states, cellOf(place));
    return state > 0 ? state : undefined;
  }

  /** Takes a task back that nobody has taken; whether it could be. */
  cancel(place: number): boolean {
    return Atomics.compareExchange(this.#states, cellOf(place), waiting, cancelled) === waiting;
  }

  /** The place may be used again. */
  free(place: number): void {
    Atomics.store(this.#states, cellOf(place), free);
  }

  /** Takes a place from a worker that may still write to it: nobody uses it again. False if the task is done after all. */
  lose(place: number, owner: number): boolean {
    return Atomics.compareExchange(this.#states, cellOf(place), owner, lost) === owner;
  }

  /** Asks to be woken once so many more tasks were computed. A worker that finds no more to take says so in any case. */
  setAlarm(count: number): void {
    const at = (Atomics.load(this.#controls, computed) + count) | 0;
    // 0 is no alarm.
    Atomics.store(this.#controls, alarm, at === 0 ? 1 : at);
  }

  /** Nobody takes tasks any more. */
  close(): void {
    Atomics.store(this.#controls, closed, 1);
  }

  /** The number of the worker that wrote a place's result. */
  workerAt(place: number): number {
    return this.#words[place * wordsOfPlace + workerAt]!;
  }

  /** What a worker found for a place's task. */
  resultAt(place: number): BatchResult {
    const at = place * wordsOfPlace;
    const words = this.#words;
    return {
      rows: words[at + 1]!,
      capacity: { inputs: words[at + 2]!, labels: words[at + 3]! },
      tokens: words[at + 4]!,
      selected: words[at + 5]!,
      started: words[at + 6]!,
      computed: words[at + 7]!,
      digests: undefined,
      contents: this.#contentsAt(words, at + contentsAt),
    };
  }

  // ---- Of workers -------------------------------------------------------------------------------

  /** Takes the first task that waits; its place, or nothing if none does. */
  take(owner: number): number | undefined {
    if (Atomics.load(this.#controls, closed) !== 0) return undefined;
    for (;;) {
      const from = Atomics.load(this.#controls, next);
      const end = Atomics.load(this.#controls, putUp);
      let at = from;
      let taken: number | undefined;
      for (; at !== end && taken === undefined; at = (at + 1) | 0) {
        const place = at & (places - 1);
        const before = Atomics.compareExchange(this.#states, cellOf(place), waiting, owner);
        if (before === waiting) taken = place;
      }
      // Whoever was faster has moved it on.
      const moved = Atomics.compareExchange(this.#controls, next, from, at) === from;
      if (taken !== undefined || moved) return taken;
    }
  }

  taskAt(place: number): BoardTask {
    const at = place * wordsOfPlace;
    const words = this.#words;
    return {
      address: {
        epoch: words[at + 1]!,
        step: words[at + 2]!,
        rank: words[at + 3]!,
        world: words[at + 4]!,
      },
      layout: words[at + 5]!,
      digest: words[at + 6] !== 0,
      ring: words[at + 7]!,
      start: words[at + 8]!,
      bytes: words[at + 9]!,
    };
  }

  /** Writes a result; false if it is more than a place can hold. */
  writeResult(place: number, worker: number, result: BatchResult): boolean {
    const { rows, capacity, tokens, selected, started, contents, digests } = result;
    if (digests !== undefined) return false;
    const at = place * wordsOfPlace;
    const words = this.#words;
    words[at + 1] = rows;
    words[at + 2] = capacity.inputs;
    words[at + 3] = capacity.labels;
    words[at + 4] = tokens;
    words[at + 5] = selected;
    words[at + 6] = started;
    words[at + 7] = result.computed;
    words[at + workerAt] = worker;
    return writeContents(contents, words, at + contentsAt, wordsOfPlace - contentsAt);
  }

  /** Hands a place over to the pool, once its result is written; false if the place was taken from the worker. */
  finish(place: number, owner: number): boolean {
    return Atomics.compareExchange(this.#states, cellOf(place), owner, done) === owner;
  }

  /** Counts a task that was computed; whether that wakes the pool. */
  count(): boolean {
    const count = (Atomics.add(this.#controls, computed, 1) + 1) | 0;
    const at = Atomics.load(this.#controls, alarm);
    if (at === 0 || ((count - at) | 0) < 0) return false;
    return Atomics.compareExchange(this.#controls, alarm, at, 0) === at;
  }

  #moveEnd(): void {
    this.#end = (this.#end + 1) | 0;
    Atomics.store(this.#controls, putUp, this.#end);
  }

  #stateAt(count: number): number {
    return Atomics.load(this.#states, cellOf(count & (places - 1)));
  }

  #writeTask(place: number, task: BoardTask): void {
    const { address } = task;
    const at = place * wordsOfPlace;
    const words = this.#words;
    words[at + 1] = address.epoch;
    words[at + 2] = address.step;
    words[at + 3] = address.rank;
    words[at + 4] = address.world;
    words[at + 5] = task.layout;
    words[at + 6] = task.digest ? 1 : 0;
    words[at + 7] = task.ring;
    words[at + 8] = task.start;
    words[at + 9] = task.bytes;
  }
}

/** The cell of a place's state. */
function cellOf(place: number): number {
  return 2 * wordsOfPlace * place;
}
