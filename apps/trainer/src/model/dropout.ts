import { createDraws } from '@maskloom/core';
import type { EncoderConfig } from './config.ts';
import type { Tensor } from './tensor.ts';

/** Philox op of dropout in a model's first pass over a row; the next one is that of a second pass. */
const firstOp = 129;

/** Which rows of which step a batch holds: what dropout draws by. */
export interface DropoutAddress {
  readonly seed: bigint;
  /** Optimiser step, from 0. */
  readonly step: number;
  /** Row in the global batch of the batch's first row. */
  readonly firstRow: number;
  readonly rows: number;
  /** Tokens of a row, padding included. */
  readonly width: number;
  /** Which of the passes over the row this is, where there are several, from 0. */
  readonly pass?: number;
}

/** A place of the model where values are dropped: `size` of each row. */
interface Site {
  /** Values of a row where rows are as long as the model allows. */
  readonly reserved: number;
  /** Values of a row of this width. */
  readonly size: number;
}

/** The sites of an encoder, in the order in which it drops. */
function sitesOf(
  { layers, hidden, heads, embedding, length }: EncoderConfig,
  width: number,
): Site[] {
  const values = (each: number): Site => ({ reserved: length * each, size: width * each });
  const probabilities = { reserved: heads * length * length, size: heads * width * width };
  const layer = [probabilities, values(hidden), values(hidden)];
  return [values(embedding), ...Array.from({ length: layers }, () => layer).flat()];
}

/**
 * What values are multiplied by, site after site: 0 with probability `dropout`, else `1 / (1 - dropout)`. A pure
 * function of the seed, the step and the row in the global batch: it does not depend on the number of ranks or parts.
 *
 * @returns Float32Array[rows * size] for each site; none without dropout.
 */
export function dropoutFactors(
  config: EncoderConfig,
  { seed, step, firstRow, rows, width, pass = 0 }: DropoutAddress,
): Float32Array<ArrayBuffer>[] {
  const threshold = Math.floor(config.dropout * 65536);
  if (threshold === 0) return [];
  const kept = 65536 / (65536 - threshold);
  const sites = sitesOf(config, width);
  const op = firstOp + pass;
  const factors = sites.map(({ size }) => new Float32Array(rows * size));
  const draws = createDraws(seed);
  for (let row = 0; row < rows; row++) {
    draws.at(step, firstRow + row);
    let first = 0;
    for (const [index, { reserved, size }] of sites.entries()) {
      const values = factors[index]!;
      const start = row * size;
      for (let at = 0; at < size; at++) {
        values[start + at] = draws.half(op, first + at) < threshold ? 0 : kept;
      }
      first += reserved;
    }
  }
  return factors;
}

/** Hands an encoder the factors of its sites, one after the other. */
export class Dropout {
  readonly #factors: readonly Tensor[];
  #next = 0;

  /** Takes the factors over; without any, nothing is dropped. */
  constructor(factors: readonly Tensor[]) {
    this.#factors = factors;
  }

  /** Drops values of the next site. */
  apply(x: Tensor): Tensor {
    if (this.#factors.length === 0) return x;
    const shape = x.shape;
    return x.mul(this.#factors[this.#next++]!.reshape(shape));
  }
}
