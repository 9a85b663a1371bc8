/** Rungs that counts are rounded up to. */
export interface Ladder {
  /** A power of two that all rungs are multiples of. */
  readonly least: number;
  /** Rungs from one power of two to the next, a power of two: with 4, a quarter is added at most beyond the least. */
  readonly perOctave: number;
}

/** The rung for a count: a step is compiled for each shape, and on Wasm keeps memory of its own (docs/jax-js.md). */
export function rungOf(count: number, { least, perOctave }: Ladder): number {
  if (count === 0) return 0;
  const powerOfTwo = 2 ** (32 - Math.clz32(count - 1));
  const step = Math.max(least, powerOfTwo / 2 / perOctave);
  return Math.ceil(count / step) * step;
}
