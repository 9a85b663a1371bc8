/** Upper bounds of a histogram's cells, in milliseconds: powers of two from 2^-6 to 2^14. */
export const bounds: readonly number[] = Array.from({ length: 21 }, (_, index) => 2 ** (index - 6));

/** How often values were at most each of `bounds`, and above the last. */
export interface HistogramCounts {
  readonly count: number;
  /** In milliseconds. */
  readonly sum: number;
  /** One for each of `bounds`, and one for what is above all: not cumulative. */
  readonly cells: readonly number[];
}

/** Counts durations. */
export class Histogram {
  readonly #cells = new Array<number>(bounds.length + 1).fill(0);
  #sum = 0;

  add(milliseconds: number): void {
    const cell = bounds.findIndex((bound) => milliseconds <= bound);
    this.#cells[cell === -1 ? bounds.length : cell]!++;
    this.#sum += milliseconds;
  }

  counts(): HistogramCounts {
    const cells = [...this.#cells];
    return { count: cells.reduce((sum, count) => sum + count, 0), sum: this.#sum, cells };
  }
}
