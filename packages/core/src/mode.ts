import { ArgumentError } from './errors.ts';
import { toUint32 } from './random/uint64.ts';

/**
 * When masks change: `dynamic` draws new ones each epoch (RoBERTa); `static` has `copies` fixed sets of
 * masks and shows them in turn (the original BERT's duplicated data). Copy j is dynamic epoch j.
 */
export type Mode =
  | { readonly mode: 'dynamic' }
  | { readonly mode: 'static'; readonly copies: number };

/** Reads a mode from options; static has one copy unless told. */
export function toMode(options: {
  readonly mode?: 'dynamic' | 'static';
  readonly copies?: number;
}): Mode {
  const { mode = 'dynamic', copies } = options;
  if (mode === 'dynamic') {
    if (copies === undefined) return { mode };
    throw new ArgumentError('copies', 'nothing in dynamic mode', copies, 'set mode to "static"');
  }
  if (mode !== 'static') throw new ArgumentError('mode', '"dynamic" or "static"', mode);
  if (copies !== undefined && copies === 0) {
    throw new ArgumentError('copies', 'an integer from 1 to 2^32-1', copies);
  }
  return { mode, copies: toUint32('copies', copies ?? 1) };
}

/** The epoch that a sample's masks are drawn with. */
export function maskEpoch(mode: Mode, epoch: number): number {
  return mode.mode === 'static' ? epoch % mode.copies : epoch;
}
