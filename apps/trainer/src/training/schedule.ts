/** How the learning rate goes on after its warm-up. */
export type Schedule = 'linear' | 'cosine' | 'constant';

/** A learning rate over a run. */
export interface ScheduleOptions {
  readonly schedule: Schedule;
  /** The highest learning rate. */
  readonly peak: number;
  /** Steps in which it rises linearly to the peak. */
  readonly warmup: number;
  /** Steps of the run, at whose end it has fallen to 0. */
  readonly steps: number;
}

/** The learning rate of a step, from 0. */
export function learningRate(
  step: number,
  { schedule, peak, warmup, steps }: ScheduleOptions,
): number {
  if (step < warmup) return (peak * (step + 1)) / warmup;
  const done = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  switch (schedule) {
    case 'linear':
      return peak * (1 - done);
    case 'cosine':
      return (peak * (1 + Math.cos(Math.PI * done))) / 2;
    case 'constant':
      return peak;
  }
}
