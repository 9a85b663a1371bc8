import type { Run } from '../history/history.ts';
import { meansOf, type StepMeans } from '../history/step-span.ts';
import { type Line, lineChart, type Point } from './chart/line-chart.ts';
import { rangeFromZero, rangeOfAll } from './chart/range.ts';
import { smooth } from './chart/smooth.ts';
import { integer, nats, percent, significant } from './numbers.ts';

const large = { width: 1080, height: 340 };
const small = { width: 530, height: 200 };
/** Most held-out losses that have a mark each. */
const mostMarks = 60;

/** Training and held-out loss. */
export function lossChart(run: Run): string {
  const training = pointsOf(run, (means) => means.loss);
  const mean = smooth(training);
  const heldOut = run.evaluations.map(({ step, loss }): Point => [step, loss]);
  const lines: Line[] = [
    { name: 'training', look: 'faint', points: training },
    { name: 'smoothed', look: 'train', points: mean },
    { name: 'held out', look: 'held-out', points: heldOut, isMarked: heldOut.length <= mostMarks },
  ];
  return lineChart({
    id: 'loss',
    title: 'Loss over steps, in nats',
    description: `${describe('Training loss', mean, nats)} ${describe('Held-out loss', heldOut, nats)}`,
    size: large,
    steps: stepsOf(run),
    range: rangeOfAll([...training, ...heldOut].map(([, value]) => value).filter(Number.isFinite)),
    lines,
  });
}

/** Tokens per second. */
export function throughputChart(run: Run): string {
  return simpleChart(run, {
    id: 'throughput',
    title: 'Tokens per second over steps',
    name: 'tokens per second',
    value: (means) => means.tokensPerSecond,
    show: integer,
  });
}

/** Share of the time spent waiting for data, in percent. */
export function waitingChart(run: Run): string {
  return simpleChart(run, {
    id: 'waiting',
    title: 'Share of the time spent waiting for data, over steps',
    name: 'waiting',
    value: (means) => 100 * means.waitingShare,
    show: (value) => percent(value / 100),
    least: 1,
    unit: '%',
  });
}

export function learningRateChart(run: Run): string {
  return simpleChart(run, {
    id: 'learning-rate',
    title: 'Learning rate over steps',
    name: 'learning rate',
    value: (means) => means.lr,
    show: significant,
  });
}

export function gradientNormChart(run: Run): string {
  return simpleChart(run, {
    id: 'gradient-norm',
    title: 'Norm of the gradient over steps, before it is clipped',
    name: 'gradient norm',
    value: (means) => means.gradientNorm,
    show: significant,
  });
}

interface SimpleChart {
  readonly id: string;
  readonly title: string;
  readonly name: string;
  readonly value: (means: StepMeans) => number;
  readonly show: (value: number) => string;
  /** The range ends here at least. */
  readonly least?: number;
  readonly unit?: '%';
}

/** A chart of one line, from 0 on. */
function simpleChart(run: Run, { id, title, name, value, show, least, unit }: SimpleChart): string {
  const points = pointsOf(run, value);
  const values = points.map(([, value]) => value).filter(Number.isFinite);
  return lineChart({
    id,
    title,
    description: describe(`The ${name}`, points, show),
    size: small,
    steps: stepsOf(run),
    range: rangeFromZero(values, least),
    lines: [{ name, look: 'train', points }],
    ...(unit === undefined ? {} : { unit }),
  });
}

function pointsOf(run: Run, value: (means: StepMeans) => number): Point[] {
  return run.spans.map((span) => [span.done, value(meansOf(span))]);
}

function stepsOf({ start, done }: Run): readonly [number, number] {
  return [start.step, Math.max(done, start.step + 1)];
}

/** A line in words. */
function describe(name: string, points: readonly Point[], show: (value: number) => string): string {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return `${name} is not known yet.`;
  const at = ([step, value]: Point): string => `${show(value)} after step ${integer(step)}`;
  return first === last
    ? `${name} is ${at(last)}.`
    : `${name} went from ${at(first)} to ${at(last)}.`;
}
