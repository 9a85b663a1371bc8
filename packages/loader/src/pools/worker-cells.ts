/** @file What the pool and one worker tell each other through shared memory. Each worker that is started has cells of its own: another may still be writing to its. */

/** Whether it takes tasks; how many messages it was posted; how often it began or ended a task; whether it is done with. */
const [awake, posted, beats, retired] = [0, 1, 2, 3];

export class WorkerCells {
  readonly memory: SharedArrayBuffer;
  readonly #cells: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(16)) {
    this.memory = memory;
    this.#cells = new Int32Array(memory);
  }

  get isAwake(): boolean {
    return Atomics.load(this.#cells, awake) !== 0;
  }

  set isAwake(is: boolean) {
    Atomics.store(this.#cells, awake, is ? 1 : 0);
  }

  /** Messages that the worker was posted. What it takes from the board may need them: it reads them first. */
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

  beat(): void {
    Atomics.add(this.#cells, beats, 1);
  }

  /** Whether the pool has given the worker up: it takes no tasks any more. */
  get isRetired(): boolean {
    return Atomics.load(this.#cells, retired) !== 0;
  }

  retire(): void {
    Atomics.store(this.#cells, retired, 1);
  }
}
