import { ArgumentError } from '../../errors.ts';
import { million } from '../rate.ts';
import { divideHalfEven } from './half-even.ts';

/** Hides spans all over the sample: T5's objective, and UL2's R and X. */
export interface SpansDenoiser {
  readonly type: 'spans';
  /** Share of the tokens that are noise, in parts per million. */
  readonly density: number;
  /** Mean tokens of a span, in thousandths. */
  readonly meanLength: number;
  /** A special id that is put in front of the input. */
  readonly mode?: number;
}

/** Hides one span, the sample's end: prefix language modelling, UL2's S. */
export interface SuffixDenoiser {
  readonly type: 'suffix';
  /** Mean share of the tokens that are noise, in parts per million. */
  readonly density: number;
  /** A special id that is put in front of the input. */
  readonly mode?: number;
}

/** A way to hide tokens of a sample, as a plan stores it. */
export type Denoiser = SpansDenoiser | SuffixDenoiser;

/** How much a denoiser hides of so many tokens. */
export interface NoiseCount {
  /** Tokens that are noise, at least and at most. */
  readonly least: number;
  readonly most: number;
  /** Spans they are in, where no special token cuts one. */
  readonly spans: number;
}

const nothing: NoiseCount = { least: 0, most: 0, spans: 0 };

/** How much a denoiser hides of `tokens` tokens that are not special. */
export function noiseCount(denoiser: Denoiser, tokens: number): NoiseCount {
  const { density } = denoiser;
  if (tokens < 2 || density === 0) return nothing;
  const rounded = divideHalfEven(density * tokens, million);
  const noise = Math.min(Math.max(rounded, 1), tokens - 1);
  if (denoiser.type === 'suffix') {
    // As far below the mean as above it, so that it is the mean.
    const spread = Math.min(noise - 1, tokens - 1 - noise);
    return { least: noise - spread, most: noise + spread, spans: 1 };
  }
  const spans = Math.max(1, divideHalfEven(noise * 1000, denoiser.meanLength));
  return { least: noise, most: noise, spans: Math.min(spans, tokens - noise) };
}

/** Checks a denoiser from a plan. */
export function checkDenoiser(argument: string, denoiser: Denoiser): Denoiser {
  const { type, density, mode } = denoiser ?? {};
  if (type !== 'spans' && type !== 'suffix') {
    throw new ArgumentError(`${argument}.type`, '"spans" or "suffix"', type);
  }
  checkInteger(`${argument}.density`, density, 0, million);
  if (mode !== undefined) checkInteger(`${argument}.mode`, mode, 0, 2 ** 31 - 1);
  const rest = mode === undefined ? { density } : { density, mode };
  if (type === 'suffix') return { type, ...rest };
  const { meanLength } = denoiser as SpansDenoiser;
  checkInteger(`${argument}.meanLength`, meanLength, 1000, 2 ** 31 - 1);
  return { type, ...rest, meanLength };
}

/** Checks an integer from a plan. */
export function checkInteger(argument: string, value: unknown, least: number, most: number): void {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  throw new ArgumentError(argument, `an integer from ${least} to ${most}`, value);
}

/** The mean length of a span, as a plan stores it. */
export function thousandths(meanLength: number): number {
  if (!(meanLength >= 1 && meanLength <= 1_000_000)) {
    throw new ArgumentError('meanLength', 'a number of tokens from 1 to 1000000', meanLength);
  }
  return Math.round(meanLength * 1000);
}
