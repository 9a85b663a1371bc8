/** Neighbouring rows of a record batch that one read brings. */
export interface Run {
  /** Which of the rows asked for are in it: `rows[first]` to `rows[end - 1]`. */
  readonly first: number;
  readonly end: number;
}

/**
 * Groups rows of a record batch into reads: a gap that is cheaper to read than to leave out is read.
 *
 * @param rows numbers of rows in the record batch, ascending
 * @param offsets Arrow's: row r has the values `offsets[r]` to `offsets[r + 1] - 1`
 * @param gap the largest gap to read, in values
 */
export function planRuns(rows: readonly number[], offsets: Int32Array, gap: number): Run[] {
  const runs: Run[] = [];
  let first = 0;
  for (let end = 1; end <= rows.length; end++) {
    if (end < rows.length && offsets[rows[end]!]! - offsets[rows[end - 1]! + 1]! <= gap) continue;
    runs.push({ first, end });
    first = end;
  }
  return runs;
}
