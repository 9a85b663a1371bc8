import { numpy as np } from '@jax-js/jax';
import type { Tensor } from '../model/tensor.ts';

/**
 * The gradient of looking rows up in a table: of each row that was read, the sum of the gradients of its readers, in
 * the order of the tokens on every device; a scatter on the device would add in none.
 */
export class TableGradient {
  readonly #rows: number;
  readonly #size: number;
  /** Where a row's sum is; -1 for rows that were not read. */
  readonly #slots: Int32Array<ArrayBuffer>;
  #sums = new Float32Array(0);
  #count = 0;
  #tokens = 0;

  /** @param rows, size the table's shape */
  constructor(rows: number, size: number) {
    this.#rows = rows;
    this.#size = size;
    this.#slots = new Int32Array(rows).fill(-1);
  }

  /**
   * @param indices Int32 [T]: the row that each token read
   * @param gradient Float [T * size]
   */
  add(indices: Int32Array, gradient: Float32Array): void {
    const size = this.#size;
    this.#reserve(indices.length);
    const slots = this.#slots;
    const sums = this.#sums;
    for (let token = 0; token < indices.length; token++) {
      const index = indices[token]!;
      if (slots[index] === -1) slots[index] = this.#count++;
      const to = slots[index]! * size;
      const from = token * size;
      for (let at = 0; at < size; at++) sums[to + at]! += gradient[from + at]!;
    }
  }

  /** Room for as many rows as all tokens may have read: were it for those that they did read, each batch would compile a step. */
  #reserve(tokens: number): void {
    this.#tokens += tokens;
    const sums = new Float32Array(Math.min(this.#rows, this.#tokens) * this.#size);
    sums.set(this.#sums);
    this.#sums = sums;
  }

  toDevice(): TableSums {
    const { length } = this.#sums;
    const none = length / this.#size;
    const slots = this.#slots.map((slot) => (slot === -1 ? none : slot));
    return {
      sums: np.array(this.#sums, { shape: [none, this.#size] }),
      slots: np.array(slots),
    };
  }
}

/** Sums [U, size], and for each row of the table where its sum is, U where there is none. */
export type TableSums = { sums: Tensor; slots: Tensor };

/** The table's gradient [rows, size]. Consumes its arguments. */
export function spread({ sums, slots }: TableSums): Tensor {
  const size = sums.shape[1]!;
  return np.take(np.concatenate([sums, np.zeros([1, size])], 0), slots, 0);
}
