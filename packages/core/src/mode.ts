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
  if (mode === 'static') return { mode, copies: toUint32('copies', copies ?? 1, 1) };
  if (mode !== 'dynamic') throw new ArgumentError('mode', '"dynamic" or "static"', mode);
  if (copies === undefined) return { mode };
  throw new ArgumentError('copies', 'nothing in dynamic mode', copies, 'set mode to "static"');
}

/**
 * The epoch that a sample's masks are drawn with.
 *
 * @throws {ArgumentError} for an epoch outside 0..2^32-1.
 */
export function maskEpoch(mode: Mode, epoch: number): number {
  const checked = toUint32('epoch', epoch);
  return mode.mode === 'static' ? checked % mode.copies : checked;
}
