import { ArgumentError } from '../../errors.ts';
import { million, partsPerMillion } from '../rate.ts';
import { noiseCount, thousandths } from './denoiser.ts';
import { longestSample } from './span-corruption.ts';

/** Options of {@linkcode t5Lengths}. */
export interface T5LengthsOptions {
  /** Tokens of the encoder's input that are there to be filled. */
  readonly inputs: number;
  /** Share of a sample's tokens to hide. Default 0.15. */
  readonly rate?: number;
  /** Mean tokens of a span, from 1. Default 3. */
  readonly meanLength?: number;
  /** Special tokens of a sample. Default 1, T5's `</s>`; a sample `[CLS] … [SEP]` has 2. */
  readonly specials?: number;
}

/** Lengths that go together, in tokens. */
export interface T5Lengths {
  /** A sample's tokens, without special ones. */
  readonly tokens: number;
  /** The encoder's input, with the sample's special tokens. */
  readonly inputs: number;
  /** The decoder's target, with its end. */
  readonly targets: number;
}

/**
 * How long a sample must be for span corruption to fill an encoder's input, and how long the target then
 * is: T5's `random_spans_helper`. T5 itself fills 512 tokens with samples of 568, whose targets have 114.
 *
 * Departs: rounds exactly, and hides at least one token, as {@linkcode t5} does.
 *
 * @throws {ArgumentError} for an option out of range.
 *
 * @example
 * ```ts
 * import { t5Lengths } from '@maskloom/core';
 * console.log(t5Lengths({ inputs: 512 })); // { tokens: 568, inputs: 512, targets: 114 }
 * ```
 */
export function t5Lengths(options: T5LengthsOptions): T5Lengths {
  const { inputs, rate = 0.15, meanLength = 3, specials = 1 } = options;
  const density = partsPerMillion(rate);
  const denoiser = { type: 'spans', density, meanLength: thousandths(meanLength) } as const;
  if (density === million) throw new ArgumentError('rate', 'a number below 1', rate);
  if (!Number.isInteger(specials) || specials < 0) {
    throw new ArgumentError('specials', 'a number of tokens from 0', specials);
  }
  if (!Number.isInteger(inputs) || inputs <= specials || inputs > longestSample) {
    throw new ArgumentError('inputs', `a number of tokens from ${specials + 1}`, inputs);
  }
  const lengthsOf = (tokens: number): T5Lengths => {
    const { most, spans } = noiseCount(denoiser, tokens);
    return { tokens, inputs: specials + tokens - most + spans, targets: most + spans + 1 };
  };
  let filled = lengthsOf(0);
  for (let tokens = 1; tokens <= longestSample; tokens++) {
    const next = lengthsOf(tokens);
    if (next.inputs > inputs) break;
    filled = next;
  }
  // At one half, a target as long as the input, which is more likely to be a round number.
  const even = density * 2 === million && filled.targets > filled.inputs;
  return even ? lengthsOf(filled.tokens - 1) : filled;
}
