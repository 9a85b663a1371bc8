import { ArgumentError } from '../errors.ts';
import type { VocabTables } from '../vocab.ts';
import type { StrategyInput } from './strategy.ts';

/**
 * What is hidden as a whole: a token; a word with all its pieces, as the vocabulary tells them; or what a
 * column of the sample says, such as the words of a vocabulary that can't tell, or entities.
 */
export type UnitKind = 'token' | 'word' | 'column';

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
 * it; a unit of a column, a token that is not special and those that follow it with 0 in the column. What
 * continues a unit after a special token, or at the start, begins one of its own.
 *
 * @throws {ArgumentError} for a column that is missing, of another length, or not of 0 and 1.
 */
export function splitUnits(
  kind: UnitKind,
  { ids, units: column }: StrategyInput,
  vocab: VocabTables,
  units: Units,
): void {
  const begins = kind === 'column' ? checkUnitColumn(column, ids.length) : undefined;
  const { start, end } = units;
  let count = 0;
  let inUnit = false;
  for (let position = 0; position < ids.length; position++) {
    const id = ids[position]!;
    if (vocab.special[id] === 1) {
      inUnit = false;
    } else if (
      inUnit &&
      (begins === undefined
        ? kind === 'word' && vocab.continuation[id] === 1
        : begins[position] === 0)
    ) {
      end[count - 1] = position + 1;
    } else {
      start[count] = position;
      end[count++] = position + 1;
      inUnit = true;
    }
  }
  units.count = count;
}

/**
 * Checks a sample's column of units and returns it.
 *
 * @throws {ArgumentError} if it is missing, not as long as the sample, or holds anything but 0 and 1.
 */
export function checkUnitColumn(
  column: ArrayLike<number> | undefined,
  length: number,
): ArrayLike<number> {
  const remedy = 'give 1 where a unit begins, else 0';
  if (column === undefined) {
    throw new ArgumentError('units', `a column of ${length} values`, undefined, remedy);
  }
  if (column.length !== length) {
    throw new ArgumentError('units.length', `${length}, as many as tokens`, column.length, remedy);
  }
  for (let position = 0; position < length; position++) {
    const value = column[position]!;
    if (value !== 0 && value !== 1) {
      throw new ArgumentError(`units[${position}]`, '0 or 1', value, remedy);
    }
  }
  return column;
}
