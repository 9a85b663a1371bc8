/** The name that takes the fewest letters to add, remove or change to get from what was written. */
export function closestName(written: string, names: readonly string[]): string {
  const distances = names.map((name) => distance(written, name));
  return names[distances.indexOf(Math.min(...distances))]!;
}

/** Levenshtein's distance. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let at = 1; at < row.length; at++) {
      const changed = row[at - 1]! + (letter === to[at - 1] ? 0 : 1);
      next.push(Math.min(changed, row[at]! + 1, next[at - 1]! + 1));
    }
    row = next;
  }
  return row.at(-1)!;
}
