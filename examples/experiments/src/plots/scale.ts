/** Maps values linearly to pixels. */
export interface Scale {
  readonly domain: readonly [number, number];
  at(value: number): number;
}

export function linearScale(
  domain: readonly [number, number],
  [start, end]: readonly [number, number],
): Scale {
  const [low, high] = domain;
  return { domain, at: (value) => start + ((value - low) / (high - low || 1)) * (end - start) };
}

/** From the lowest to the highest value, and a share of that beyond both; never empty. */
export function extent(values: readonly number[], margin = 0): [number, number] {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const more = low === high ? 1 : margin * (high - low);
  return [low - more, high + more];
}

/** Round values in a domain, about `count` of them. */
export function ticks([low, high]: readonly [number, number], count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(10)),
  );
}
