/** A range of values and the range of pixels that it is drawn in. */
export interface Scale {
  readonly values: readonly [from: number, to: number];
  readonly pixels: readonly [from: number, to: number];
}

export function pixelAt({ values, pixels }: Scale, value: number): number {
  const [from, to] = values;
  return pixels[0] + ((value - from) / (to - from || 1)) * (pixels[1] - pixels[0]);
}

/** Round numbers within a range, about `count` of them: steps of 1, 2 or 5 times a power of ten. */
export function ticks([low, high]: readonly [number, number], count: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const size = power * ([1, 2, 5].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const first = Math.ceil(low / size - 1e-9);
  const last = Math.floor(high / size + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * size).toPrecision(12)),
  );
}
