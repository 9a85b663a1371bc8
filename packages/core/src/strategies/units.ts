import type { VocabTables } from '../vocab.ts';

/** What is hidden as a whole: a token, or a word with all its pieces. */
export type UnitKind = 'token' | 'word';

/** The units of a sample, in its order. Special tokens are in none. */
export interface Units {
  /** Number of units. */
  count: number;
  /** Position of each unit's first token. */
  start: Int32Array;
  /** Position after each unit's last token. */
  end: Int32Array;
}

/** Room for the units of samples of up to `length` tokens. */
export function unitsOfLength(length: number): Units {
  return { count: 0, start: new Int32Array(length), end: new Int32Array(length) };
}

/**
 * Splits a sample into units. A word is a token that is not special and the continuation ids that follow
 * it; a continuation id after a special token, or at the start, begins a word of its own.
 */
export function splitUnits(
  kind: UnitKind,
  ids: ArrayLike<number>,
  vocab: VocabTables,
  units: Units,
): void {
  const { start, end } = units;
  let count = 0;
  let inWord = false;
  for (let position = 0; position < ids.length; position++) {
    const id = ids[position]!;
    if (vocab.special[id] === 1) {
      inWord = false;
    } else if (kind === 'word' && inWord && vocab.continuation[id] === 1) {
      end[count - 1] = position + 1;
    } else {
      start[count] = position;
      end[count++] = position + 1;
      inWord = true;
    }
  }
  units.count = count;
}
