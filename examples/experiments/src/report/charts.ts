import { type Band, dotChart, lineChart, type Series } from '../plots/chart.ts';
import type { RunResult } from '../result.ts';
import { confidence } from '../statistics.ts';
import type { Study } from '../studies.ts';
import { type ArmSummary, bestOf, mean } from '../summary.ts';

/** An arm, and the colour that it has in all plots. */
export type ColoredSummary = ArmSummary & { readonly color: string };

/** Held-out loss over steps, and the loss on what each arm hides. */
export function lossChart(
  { title }: Study,
  arms: readonly ColoredSummary[],
  evalEvery: number,
): string {
  const heldOut = arms.map(({ arm, color, runs }): Series => {
    const points = over(runs, ({ evaluations }) =>
      evaluations.map(({ step, loss }) => [step, loss] as const),
    );
    return { label: `${arm.label}: held out`, color, points };
  });
  const train = arms.map(
    ({ arm, color, runs }): Series => ({
      ...{ label: `${arm.label}: train`, color, dashed: true },
      points: over(runs, ({ losses }) => trainLoss(losses, evalEvery)),
    }),
  );
  return lineChart(
    {
      title: `${title}: loss over steps`,
      description: `Lines are means over seeds, bands reach from the lowest to the highest. ${endings(arms)}`,
      xLabel: 'step',
      yLabel:
        'loss (nats a hidden token); dashed: on the training text, under the masks of the arm',
    },
    [...heldOut, ...train],
  );
}

/** Held-out loss at the last step. */
export function heldOutChart({ title }: Study, arms: readonly ColoredSummary[]): string {
  return dotChart(
    {
      ...dotText,
      title: `${title}: held-out loss at the end`,
      description: `Means with 95 % confidence intervals. ${endings(arms)}`,
    },
    arms.map(({ arm, color, heldOut, runs }) => ({
      ...{ label: arm.label, color, ...heldOut },
      runs: runs.map(({ evaluations }) => evaluations.at(-1)!.loss),
    })),
  );
}

/** The lowest held-out loss of each run: as if it had been stopped in time. */
export function bestChart({ title }: Study, arms: readonly ColoredSummary[]): string {
  const means = arms.map(
    ({ arm, best }) => `${arm.label} comes down to a held-out loss of ${best.mean.toFixed(3)}.`,
  );
  return dotChart(
    {
      ...dotText,
      title: `${title}: held-out loss at the best evaluation of each run`,
      description: `Means with 95 % confidence intervals. ${means.join(' ')}`,
    },
    arms.map(({ arm, color, best, runs }) => ({
      ...{ label: arm.label, color, ...best },
      runs: runs.map((run) => bestOf(run).loss),
    })),
  );
}

const dotText = {
  xLabel: 'held-out loss (nats a hidden token)',
  yLabel: 'rings: single seeds; dot and line: mean and its 95 % confidence interval',
};

/** Held-out loss less the loss on the training text, over steps. */
export function gapChart(
  { title }: Study,
  arms: readonly ColoredSummary[],
  stepsPerEpoch: number,
): string {
  const series = arms.map(({ arm, color, runs }): Series => {
    const points = over(runs, ({ evaluations, losses }) =>
      evaluations.map(({ step, loss }) => {
        const epoch = losses.slice(Math.max(0, step - stepsPerEpoch), step);
        return [step, loss - mean(epoch)] as const;
      }),
    );
    return { label: arm.label, color, points };
  });
  return lineChart(
    {
      title: `${title}: gap between held-out and training loss`,
      description: 'The gap is what was learnt by heart, and helps on no other text.',
      xLabel: 'step',
      yLabel: "held-out loss less the last epoch's training loss (nats a hidden token)",
    },
    series,
  );
}

function endings(arms: readonly ArmSummary[]): string {
  return arms
    .map(
      ({ arm, heldOut }) => `${arm.label} ends at a held-out loss of ${heldOut.mean.toFixed(3)}.`,
    )
    .join(' ');
}

/** Training loss, as means of as many steps as there are between two evaluations. */
function trainLoss(losses: readonly number[], evalEvery: number): (readonly [number, number])[] {
  const points: (readonly [number, number])[] = [];
  for (let end = evalEvery; end <= losses.length; end += evalEvery) {
    points.push([end, mean(losses.slice(end - evalEvery, end))]);
  }
  return points;
}

function over(
  runs: readonly RunResult[],
  pointsOf: (run: RunResult) => readonly (readonly [number, number])[],
): Band[] {
  const all = runs.map(pointsOf);
  return all[0]!.map(([x], index) => {
    const values = all.map((points) => points[index]![1]);
    return { x, y: confidence(values).mean, low: Math.min(...values), high: Math.max(...values) };
  });
}
