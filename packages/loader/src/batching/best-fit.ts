/**
 * @file Best fit: each sample goes to the row with the least room left that still holds it, of several with
 * equally little to the one that was put to last, else to a new row. How many rows there are, and how long the
 * samples of each, follows from the lengths alone.
 */
export class BestFit {
  readonly #length: number;
  /** By room left: the row that came to it last, -1 without one; and which row came before it. */
  readonly #last: Int32Array;
  #before = new Int32Array(1024);
  /** A bit for each room that has a row. */
  readonly #some: Uint32Array;
  #rows = 0;

  /** @param length tokens of a row at most */
  constructor(length: number) {
    this.#length = length;
    this.#last = new Int32Array(length + 1).fill(-1);
    this.#some = new Uint32Array((length >>> 5) + 1);
  }

  /** How many rows there are. */
  get rows(): number {
    return this.#rows;
  }

  /** Begins again without rows. */
  clear(): void {
    this.#last.fill(-1);
    this.#some.fill(0);
    this.#rows = 0;
  }

  /** Puts a sample of so many tokens, at most a row's length; returns the number of its row. */
  put(tokens: number): number {
    let room = this.#leastRoom(tokens);
    let row: number;
    if (room === -1) {
      room = this.#length;
      row = this.#rows++;
      if (row === this.#before.length) this.#grow();
    } else {
      row = this.#last[room]!;
      const before = this.#before[row]!;
      this.#last[room] = before;
      if (before === -1) this.#some[room >>> 5]! &= ~(1 << (room & 31));
    }
    const left = room - tokens;
    this.#before[row] = this.#last[left]!;
    this.#last[left] = row;
    this.#some[left >>> 5]! |= 1 << (left & 31);
    return row;
  }

  #leastRoom(tokens: number): number {
    let word = tokens >>> 5;
    let bits = this.#some[word]! & (-1 << (tokens & 31));
    while (bits === 0) {
      if (++word === this.#some.length) return -1;
      bits = this.#some[word]!;
    }
    return word * 32 + 31 - Math.clz32(bits & -bits);
  }

  #grow(): void {
    const larger = new Int32Array(this.#before.length * 2);
    larger.set(this.#before);
    this.#before = larger;
  }
}
