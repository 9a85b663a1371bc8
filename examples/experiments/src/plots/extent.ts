/** From the lowest to the highest value, and a share of that beyond both; never empty. */
export function extent(values: readonly number[], margin = 0): [number, number] {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const more = low === high ? 1 : margin * (high - low);
  return [low - more, high + more];
}
