/** A learning rate that rises linearly over `warmup` steps, then falls linearly to 0 at `steps`. */
export function learningRate(
  step: number,
  { peak, warmup, steps }: { peak: number; warmup: number; steps: number },
): number {
  if (step < warmup) return (peak * (step + 1)) / warmup;
  return peak * Math.max(0, (steps - step) / Math.max(1, steps - warmup));
}
