import type { Measures } from './measures.ts';
import type { RunResult } from './result.ts';
import { confidence, type Interval } from './statistics.ts';
import type { Arm, Study } from './studies.ts';

/** What the runs of an arm came to together. */
export interface ArmSummary {
  readonly arm: Arm;
  readonly runs: readonly RunResult[];
  readonly measures: Measures;
  /** At the last step, over seeds. */
  readonly heldOut: Interval;
  /** The lowest of a run's evaluations, and the median of the steps at which it was. */
  readonly best: Interval & { readonly step: number };
  /** Share of right guesses at the last step. */
  readonly accuracy: Interval;
  /** Mean training loss of the last epoch: on what the arm itself hides. */
  readonly train: Interval;
  /** Held-out loss less training loss, at the end. */
  readonly gap: Interval;
  /** Held-out loss less that of the reference with the same seed; not for the reference itself. */
  readonly difference: Interval | undefined;
  readonly bestDifference: Interval | undefined;
  /** Share of the time that was spent waiting for batches. */
  readonly waiting: number;
}

/** @param lastSteps steps of an epoch */
export function summarise(
  study: Study,
  resultsOf: (arm: Arm) => readonly RunResult[],
  measuresOf: (arm: Arm) => Measures,
  lastSteps: number,
): ArmSummary[] {
  const reference = resultsOf(study.arms.find(({ name }) => name === study.reference)!);
  return study.arms.map((arm) => {
    const runs = resultsOf(arm);
    const over = (value: (run: RunResult) => number): Interval => confidence(runs.map(value));
    const paired = (value: (run: RunResult) => number): Interval | undefined =>
      arm.name === study.reference
        ? undefined
        : over((run) => value(run) - value(reference.find(({ seed }) => seed === run.seed)!));
    const train = (run: RunResult): number => mean(run.losses.slice(-lastSteps));
    const seconds = runs.reduce((sum, run) => sum + run.seconds, 0);
    return {
      ...{ arm, runs, measures: measuresOf(arm) },
      heldOut: over(endOf),
      best: {
        ...over((run) => bestOf(run).loss),
        step: median(runs.map((run) => bestOf(run).step)),
      },
      accuracy: over((run) => run.evaluations.at(-1)!.accuracy),
      train: over(train),
      gap: over((run) => endOf(run) - train(run)),
      difference: paired(endOf),
      bestDifference: paired((run) => bestOf(run).loss),
      waiting: runs.reduce((sum, run) => sum + run.waiting, 0) / seconds,
    };
  });
}

const endOf = ({ evaluations }: RunResult): number => evaluations.at(-1)!.loss;

/** The evaluation with the lowest loss. */
export function bestOf({ evaluations }: RunResult): { loss: number; step: number } {
  return evaluations.reduce((best, next) => (next.loss < best.loss ? next : best));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
