import { ArgumentError } from '../errors.ts';
import { philox4x32, signedMulhi32 } from './philox.ts';
import { checkUint64, toUint32, toUint64, type Uint64 } from './uint64.ts';

/** The draws of one seed, addressed by (op, epoch, sample, index) in any sequence. */
export interface Draws {
  /** The seed as two words of 32 bits, the low one first. */
  readonly key: readonly [low: number, high: number];
  /** Where `word` and `half` read. */
  readonly epoch: number;
  readonly sampleLow: number;
  readonly sampleHigh: number;
  /** Moves to a sample in an epoch; `word` and `half` then read there. */
  at(epoch: number, sample: Uint64): Draws;
  /** 32 bits: word `index & 3` of block `index >> 2`. `index` from 0 to 2^26-1. */
  word(op: number, index: number): number;
  /** The 32 bits of a word as a signed integer, which engines pass on without a box on the heap. */
  signedWord(op: number, index: number): number;
  /** An integer below `count`, at most 2^32-1: `(word * count) div 2^32`. */
  below(op: number, index: number, count: number): number;
  /**
   * 16 bits: the low half of word `index >> 1` for an even index, its high half for an odd one. `index` from 0
   * to 2^27-1.
   */
  half(op: number, index: number): number;
}

/**
 * Opens the draws of a seed: Philox4x32-10 with
 *
 * ```
 * key     = (seed low 32, seed high 32)
 * counter = (op << 24 | block, epoch, sample low 32, sample high 32)
 * ```
 *
 * The packing is injective: no two (op, epoch, sample, index) share a draw.
 *
 * @throws {ArgumentError} for a seed or sample outside 0..2^64-1, or an epoch outside 0..2^32-1.
 *
 * @example
 * ```ts
 * import { createDraws, op } from '@maskloom/core';
 * const draws = createDraws(42n).at(3, 17n);
 * console.log(draws.word(op.select, 0) === createDraws(42).at(3, 17).word(op.select, 0)); // true
 * ```
 */
export function createDraws(seed: Uint64): Draws {
  return new PhiloxDraws(toUint64('seed', seed));
}

/** Words of an (op, epoch, sample): 2^24 blocks of four. */
const wordLimit = 2 ** 26;
const halfLimit = 2 * wordLimit;
const cachedOps = 16;

class PhiloxDraws implements Draws {
  readonly key: readonly [low: number, high: number];
  epoch = 0;
  sampleLow = 0;
  sampleHigh = 0;
  // The last block of each op (modulo 16), so that interleaved ops do not recompute each other's;
  // #counters has the first counter word it belongs to, -1 where none of this (epoch, sample) is there.
  readonly #words = new Uint32Array(4 * cachedOps);
  readonly #blocks = Array.from({ length: cachedOps }, (_, slot) =>
    this.#words.subarray(4 * slot, 4 * slot + 4),
  );
  readonly #counters = new Float64Array(cachedOps).fill(-1);
  readonly #sample = new DataView(new ArrayBuffer(8));
  #anyCached = false;

  constructor(seed: bigint) {
    this.key = [Number(seed & 0xffffffffn), Number(seed >> 32n)];
  }

  at(epoch: number, sample: Uint64): this {
    this.epoch = toUint32('epoch', epoch);
    checkUint64('sample', sample);
    if (typeof sample === 'number') {
      this.sampleLow = sample >>> 0;
      this.sampleHigh = Math.floor(sample / 0x100000000);
    } else {
      // Through memory: arithmetic on a bigint would allocate.
      this.#sample.setBigUint64(0, sample, true);
      this.sampleLow = this.#sample.getUint32(0, true);
      this.sampleHigh = this.#sample.getUint32(4, true);
    }
    if (this.#anyCached) this.#counters.fill(-1);
    this.#anyCached = false;
    return this;
  }

  word(op: number, index: number): number {
    return this.#words[this.#find(op, index)]!;
  }

  signedWord(op: number, index: number): number {
    return this.#words[this.#find(op, index)]! | 0;
  }

  below(op: number, index: number, count: number): number {
    return signedMulhi32(this.signedWord(op, index), count | 0) >>> 0;
  }

  half(op: number, index: number): number {
    // Before it is shifted, which would wrap what is beyond 32 bits.
    if (!(index >= 0 && index < halfLimit)) throw beyond(index, 27);
    const word = this.#words[this.#find(op, index >>> 1)]!;
    return (index & 1) === 0 ? word & 0xffff : word >>> 16;
  }

  /**
   * Where a draw stands in `#words`, after computing its block if another is there. A small number, which
   * calls pass without allocating; a word of 32 bits may take a box.
   */
  #find(op: number, index: number): number {
    if (!(index >= 0 && index < wordLimit)) throw beyond(index, 26);
    const counter0 = ((op << 24) | (index >>> 2)) >>> 0;
    const slot = op & (cachedOps - 1);
    if (counter0 !== this.#counters[slot]) this.#fill(slot, counter0);
    return 4 * slot + (index & 3);
  }

  #fill(slot: number, counter0: number): void {
    // As signed integers, which are the same words, since a call may box unsigned ones.
    philox4x32(
      this.#blocks[slot]!,
      counter0 | 0,
      this.epoch | 0,
      this.sampleLow | 0,
      this.sampleHigh | 0,
      this.key[0] | 0,
      this.key[1] | 0,
    );
    this.#counters[slot] = counter0;
    this.#anyCached = true;
  }
}

function beyond(index: number, bits: number): ArgumentError {
  return new ArgumentError(
    'index',
    `a draw below 2^${bits}`,
    index,
    'the sample is longer than a draw can address; split it',
  );
}
