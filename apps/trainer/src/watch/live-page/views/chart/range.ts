/** The range of a chart that begins at 0, wide enough for all values but a few that stand far out. */
export function rangeFromZero(values: readonly number[], least = 0): readonly [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  const most = sorted.at(-1) ?? 0;
  const usual = sorted[Math.floor(0.98 * (sorted.length - 1))] ?? 0;
  const top = most > 3 * usual && usual > 0 ? 1.5 * usual : most;
  return [0, Math.max(1.08 * top, least) || 1];
}

/** The range of a chart that shows all values, with some room. */
export function rangeOfAll(values: readonly number[]): readonly [number, number] {
  if (values.length === 0) return [0, 1];
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const room = 0.06 * (high - low) || 0.5;
  return [low - room, high + room];
}
