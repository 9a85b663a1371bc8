import { TrainingError } from '../errors.ts';

/** Memory that the ranks of a machine share, as it is sent to their threads. */
export interface SharedMemory {
  readonly world: number;
  /** Int32: how many have arrived, how often all have, and whether a rank has failed. */
  readonly control: SharedArrayBuffer;
  /** For each rank: the length of its message, and room for a part of it. */
  readonly mail: SharedArrayBuffer;
  /** For each rank, Float32[size]: its gradients. */
  readonly gradients: SharedArrayBuffer;
}

const arrived = 0;
const generation = 1;
const failed = 2;
/** Bytes of a message that are passed on at once. */
const mailSize = 1 << 16;
/** Milliseconds after which a rank that waits looks whether another has failed. */
const patience = 500;

/** @param size number of trained values */
export function shareMemory(world: number, size: number): SharedMemory {
  return {
    world,
    control: new SharedArrayBuffer(12),
    mail: new SharedArrayBuffer(world * (8 + mailSize)),
    gradients: new SharedArrayBuffer(4 * world * size),
  };
}

/** One rank's way to the others. All calls are made by all ranks, in the same order. */
export class Exchange {
  readonly world: number;
  readonly #rank: number;
  readonly #control: Int32Array;
  readonly #lengths: Float64Array;
  readonly #mail: Uint8Array[];
  readonly #gradients: Float32Array[];

  constructor({ world, control, mail, gradients }: SharedMemory, rank: number) {
    this.world = world;
    this.#rank = rank;
    this.#control = new Int32Array(control);
    this.#lengths = new Float64Array(mail, 0, world);
    const ranks = Array.from({ length: world }, (_, index) => index);
    const size = gradients.byteLength / 4 / world;
    this.#mail = ranks.map((of) => new Uint8Array(mail, 8 * world + of * mailSize, mailSize));
    this.#gradients = ranks.map((of) => new Float32Array(gradients, 4 * of * size, size));
  }

  /** What each rank gave, in their order. */
  async gather(bytes: Uint8Array): Promise<Uint8Array[]> {
    this.#lengths[this.#rank] = bytes.length;
    await this.#meet();
    const received = Array.from(this.#lengths, (length) => new Uint8Array(length));
    const longest = Math.max(...this.#lengths);
    for (let start = 0; start < longest; start += mailSize) {
      this.#mail[this.#rank]!.set(bytes.subarray(start, start + mailSize));
      await this.#meet();
      received.forEach((message, rank) => {
        const left = Math.max(0, Math.min(mailSize, message.length - start));
        message.set(this.#mail[rank]!.subarray(0, left), Math.min(start, message.length));
      });
      await this.#meet();
    }
    if (longest === 0) await this.#meet();
    return received;
  }

  /** Sums values over ranks, in their order. `own` is filled by `write` and gets the sum. */
  async sum(write: (own: Float32Array) => Promise<void>): Promise<Float32Array<ArrayBuffer>> {
    await write(this.#gradients[this.#rank]!);
    await this.#meet();
    const sum = new Float32Array(this.#gradients[0]!);
    for (const other of this.#gradients.slice(1)) {
      for (let at = 0; at < sum.length; at++) sum[at]! += other[at]!;
    }
    await this.#meet();
    return sum;
  }

  /** Ends the waiting of all ranks, for ever. */
  fail(): void {
    Atomics.store(this.#control, failed, 1);
    Atomics.notify(this.#control, generation);
  }

  /** Waits until all ranks have come here. */
  async #meet(): Promise<void> {
    const control = this.#control;
    const before = Atomics.load(control, generation);
    if (Atomics.add(control, arrived, 1) === this.world - 1) {
      Atomics.store(control, arrived, 0);
      Atomics.add(control, generation, 1);
      Atomics.notify(control, generation);
    }
    while (Atomics.load(control, generation) === before) {
      this.#checkFailed();
      await Atomics.waitAsync(control, generation, before, patience).value;
    }
    this.#checkFailed();
  }

  #checkFailed(): void {
    if (Atomics.load(this.#control, failed) === 0) return;
    throw new TrainingError('RANK', 'Another rank has failed: see what it says');
  }
}
