import { ArgumentError, createDraws, type Draws } from '@maskloom/core';

/** Words that core's draws have for an (op, epoch, sample). */
const pageSize = 2 ** 26;
const pages = 2 ** 16;

/** Samples that are drawn for are below it. */
export const sampleLimit = 2 ** 48;

/** Draws of 16 bits that a sample has. */
export const halfLimit = 2 * pages * pageSize;

/**
 * The draws of a seed for one op, 2^16 times as many for each sample as core's have: a table may have more than 2^26
 * values, and attention more than 2^27 shares in a row.
 *
 * They are core's draws of the sample as far as those go, and go on in pages, which are core's draws of the samples
 * `page * 2^48 + sample`. No two share a draw: a sample is below 2^48, so that the 16 bits above it in the counter
 * are 0 but for the page. It is 0 for initial values, and for dropout the row of a global batch, below 2^32, plus 2^32
 * times the number of a site, below 2^16. Tensor or step and op stand in other words and bits of the counter, and
 * no stream has an op of the trainer's.
 */
export class LongDraws {
  readonly #draws: Draws;
  readonly #op: number;
  #epoch = 0;
  #sample = 0;
  /** The page that is open, by its first word. */
  #first = 0;

  constructor(seed: bigint, op: number) {
    this.#draws = createDraws(seed);
    this.#op = op;
  }

  /** Moves to a sample, below 2^48, in an epoch. */
  at(epoch: number, sample: number): this {
    if (!(sample < sampleLimit)) throw new ArgumentError('sample', 'one below 2^48', sample);
    this.#epoch = epoch;
    this.#sample = sample;
    this.#open(0);
    return this;
  }

  /** 32 bits. `index` from 0 to 2^42-1. */
  word(index: number): number {
    const place = index - this.#first;
    if (place >= 0 && place < pageSize) return this.#draws.word(this.#op, place);
    this.#open(Math.floor(index / pageSize));
    return this.#draws.word(this.#op, index - this.#first);
  }

  /** 16 bits. `index` from 0 to 2^43-1. */
  half(index: number): number {
    const place = index - 2 * this.#first;
    if (place >= 0 && place < 2 * pageSize) return this.#draws.half(this.#op, place);
    this.#open(Math.floor(index / (2 * pageSize)));
    return this.#draws.half(this.#op, index - 2 * this.#first);
  }

  #open(page: number): void {
    if (!(page >= 0 && page < pages)) {
      throw new ArgumentError('page', 'one of the 2^16 that a sample has', page);
    }
    // Most draws are of the first page, where numbers are exact and need no bigint for each row.
    const sample = page === 0 ? this.#sample : BigInt(page * sampleLimit) + BigInt(this.#sample);
    this.#draws.at(this.#epoch, sample);
    this.#first = page * pageSize;
  }
}
