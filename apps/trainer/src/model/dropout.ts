import { ArgumentError } from '@maskloom/core';
import type { EncoderConfig } from './config.ts';
import { halfLimit, LongDraws, sampleLimit } from './long-draws.ts';
import type { Tensor } from './tensor.ts';

/** Philox op of dropout in a model's first pass over a row; the next one is that of a second pass. */
const firstOp = 129;

/** Rows that a site of a step has draws for; more than fit in memory. */
const rowLimit = 2 ** 32;
const siteLimit = sampleLimit / rowLimit;

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

/** A place of a model where values are dropped: so many of each row, of each token, or of each pair of tokens. */
export interface DropoutSite {
  readonly per: 'row' | 'token' | 'pair';
  readonly values: number;
}

/**
 * What values are multiplied by, site after site: 0 with probability `dropout`, else `1 / (1 - dropout)`. A pure
 * function of the seed, the step, the row in the global batch, and the site and place in it: it does not depend on the number of
 * ranks or parts, nor on how far rows are padded.
 *
 * @returns Float32Array[rows * size] for each site; none without dropout.
 */
export function dropoutFactors(
  sites: readonly DropoutSite[],
  { dropout, length }: Pick<EncoderConfig, 'dropout' | 'length'>,
  { seed, step, firstRow, rows, width, pass = 0 }: DropoutAddress,
): Float32Array<ArrayBuffer>[] {
  const threshold = thresholdOf(dropout);
  if (threshold === 0) return [];
  const kept = 65536 / (65536 - threshold);
  const draws = new LongDraws(seed, firstOp + pass);
  return sites.map((site, number) => {
    const { count, size, firstDraw } = linesOf(site, width, length);
    const factors = new Float32Array(rows * count * size);
    let at = 0;
    for (let row = 0; row < rows; row++) {
      draws.at(step, number * rowLimit + firstRow + row);
      for (let line = 0; line < count; line++) {
        const first = firstDraw(line);
        for (let place = 0; place < size; place++) {
          factors[at++] = draws.half(first + place) < threshold ? 0 : kept;
        }
      }
    }
    return factors;
  });
}

/**
 * Checks that each value that a model drops has a draw of its own.
 *
 * @param passes The sites of each pass over a row.
 * @throws {ArgumentError} naming the option to change, if it has too many.
 */
export function checkDropout(
  passes: readonly (readonly DropoutSite[])[],
  { dropout, length, layers }: Pick<EncoderConfig, 'dropout' | 'length' | 'layers'>,
): void {
  if (thresholdOf(dropout) === 0) return;
  for (const { length: places } of passes) {
    if (places <= siteLimit) continue;
    const expected = `so few that values are dropped at ${siteLimit} places, not at ${places}`;
    throw new ArgumentError('layers', expected, layers, 'give fewer, or --dropout 0');
  }
  const longest = passes
    .flat()
    .reduce((least, site) => Math.min(least, longestRow(site)), Infinity);
  if (length <= longest) return;
  const expected = `at most ${longest}, for which dropout has draws`;
  throw new ArgumentError('length', expected, length, 'give a shorter one, or --dropout 0');
}

/** Tokens of the longest row that a site has draws for. */
function longestRow({ per, values }: DropoutSite): number {
  switch (per) {
    case 'row':
      return Infinity;
    case 'token':
      return Math.floor(halfLimit / values);
    case 'pair':
      return Math.floor(Math.sqrt(halfLimit / values));
  }
}

/** Values whose 16 bits are below it are dropped. */
function thresholdOf(dropout: number): number {
  return Math.floor(dropout * 65536);
}

/** A row's values at a site, as lines of consecutive draws. */
interface Lines {
  readonly count: number;
  readonly size: number;
  firstDraw(line: number): number;
}

/** Pairs leave out the draws of places beyond the row's width: padding moves nothing. */
function linesOf({ per, values }: DropoutSite, width: number, length: number): Lines {
  switch (per) {
    case 'row':
      return { count: 1, size: values, firstDraw: () => 0 };
    case 'token':
      return { count: 1, size: width * values, firstDraw: () => 0 };
    case 'pair':
      return {
        count: values * width,
        size: width,
        firstDraw: (line) => (Math.floor(line / width) * length + (line % width)) * length,
      };
  }
}

/** Hands out the factors of a model's sites, one after the other. */
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
