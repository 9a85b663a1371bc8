/** @file What the pool and one worker tell each other through shared memory. Each worker that is started has cells of its own: another may still be writing to its. */

/** Whether it takes tasks; how many messages it was posted; how often it began or ended a task; what it computes; whether it is done with. */
const [awake, posted, beats, current, retired] = [0, 1, 2, 3, 4];

export class WorkerCells {
  readonly memory: SharedArrayBuffer;
  readonly #cells: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(20)) {
    this.memory = memory;
    this.#cells = new Int32Array(memory);
  }

  get isAwake(): boolean {
    return Atomics.load(this.#cells, awake) !== 0;
  }

  set isAwake(is: boolean) {
    Atomics.store(this.#cells, awake, is ? 1 : 0);
  }

  /** Messages that the worker was posted, modulo 2^32. What it takes from the board may need them: it reads them first. */
  get posted(): number {
    return Atomics.load(this.#cells, posted);
  }

  countPosted(): void {
    Atomics.add(this.#cells, posted, 1);
  }

  /** Changes as long as the worker gets on. */
  get beats(): number {
    return Atomics.load(this.#cells, beats);
  }

  /** What it began last, unless that has ended: a place on the board, or a task that it was posted. */
  get current(): { readonly place: number } | { readonly job: number } | undefined {
    const value = Atomics.load(this.#cells, current);
    if (value === 0) return undefined;
    return value > 0 ? { place: value - 1 } : { job: -1 - value };
  }

  begin(what: { readonly place: number } | { readonly job: number }): void {
    Atomics.add(this.#cells, beats, 1);
    Atomics.store(this.#cells, current, 'place' in what ? what.place + 1 : -1 - what.job);
  }

  end(): void {
    Atomics.add(this.#cells, beats, 1);
    Atomics.store(this.#cells, current, 0);
  }

  /** Whether the pool has given the worker up: it takes no tasks any more. */
  get isRetired(): boolean {
    return Atomics.load(this.#cells, retired) !== 0;
  }

  retire(): void {
    Atomics.store(this.#cells, retired, 1);
  }
}
