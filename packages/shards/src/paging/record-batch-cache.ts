/** A record batch that is held, or being read. */
interface Held<Contents> {
  readonly slot: Uint8Array<ArrayBuffer>;
  readonly contents: Promise<Contents>;
  /** Who reads it or writes to it just now; while there are any, the slot is not given to another. */
  users: number;
  /** Whether reading it failed: the slot is free again once nobody waits for it. */
  failed: boolean;
}

/** Reads a record batch into a slot and says what is in it. */
export type Fill<Contents> = (slot: Uint8Array<ArrayBuffer>) => Promise<Contents>;

/**
 * A thread's record batches, as many as fit its share of the budget: the one used longest ago makes room. Slots are
 * made once, as they are needed, so that memory does not grow.
 */
export class RecordBatchCache<Contents> {
  readonly #slotBytes: number;
  readonly #slots: number;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  readonly #waiting: (() => void)[] = [];
  // In the order of use, latest last.
  readonly #held = new Map<number, Held<Contents>>();
  #made = 0;

  /** @param slotBytes bytes of the largest record batch */
  constructor(capacity: number, slotBytes: number) {
    this.#slotBytes = slotBytes;
    this.#slots = Math.max(1, Math.floor(capacity / slotBytes));
  }

  has(key: number): boolean {
    return this.#held.has(key);
  }

  /** Calls `use` with a record batch, which is read if it is not there. What `use` returns must not refer to it. */
  async use<Result>(
    key: number,
    fill: Fill<Contents>,
    use: (contents: Contents) => Result,
  ): Promise<Result> {
    for (;;) {
      const held = this.#held.get(key) ?? this.#start(key, fill);
      if (held === undefined) {
        // Every slot is in use: one of them will be given back.
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
        continue;
      }
      this.#held.delete(key);
      this.#held.set(key, held);
      held.users++;
      try {
        return use(await held.contents);
      } finally {
        this.#leave(held);
      }
    }
  }

  /** Begins to read a record batch that will be needed, unless that took more than half of the slots. */
  readAhead(key: number, fill: Fill<Contents>): void {
    if (this.#held.has(key)) return;
    let busy = 0;
    for (const { users } of this.#held.values()) if (users > 0) busy++;
    if (busy < Math.floor(this.#slots / 2)) this.#start(key, fill);
  }

  #start(key: number, fill: Fill<Contents>): Held<Contents> | undefined {
    const slot = this.#take();
    if (slot === undefined) return undefined;
    const held: Held<Contents> = { slot, contents: fill(slot), users: 1, failed: false };
    this.#held.set(key, held);
    held.contents.then(
      () => this.#leave(held),
      () => {
        // Whoever waits for it gets the error; whoever comes later tries again.
        held.failed = true;
        this.#held.delete(key);
        this.#leave(held);
      },
    );
    return held;
  }

  #leave(held: Held<Contents>): void {
    held.users--;
    if (held.users > 0) return;
    if (held.failed) this.#free.push(held.slot);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #take(): Uint8Array<ArrayBuffer> | undefined {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#made < this.#slots) {
      this.#made++;
      return new Uint8Array(this.#slotBytes);
    }
    for (const [key, held] of this.#held) {
      if (held.users > 0) continue;
      this.#held.delete(key);
      return held.slot;
    }
    return undefined;
  }
}
