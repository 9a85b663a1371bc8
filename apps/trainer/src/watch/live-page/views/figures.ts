import { duration } from '../../duration.ts';
import type { Run } from '../history/history.ts';
import { meansOf } from '../history/step-span.ts';
import { escapeHtml } from './html.ts';
import { integer, nats, percent, significant } from './numbers.ts';

/** A figure of the page, and HTML of what is said below it. */
interface Figure {
  readonly name: string;
  /** Undefined as long as it is not known. */
  readonly value?: string | undefined;
  readonly notes?: readonly string[];
}

/** The run's latest figures, as items of a description list. */
export function figures(run: Run): string {
  return [trainingLoss(run), heldOutLoss(run), throughput(run), waiting(run), rate(run), left(run)]
    .map(item)
    .join('\n');
}

function item({ name, value = '–', notes = [] }: Figure): string {
  const lines = notes.map((note) => `<small>${note}</small>`);
  return `<div><dt>${name}</dt><dd><b>${value}</b>${lines.join('')}</dd></div>`;
}

function trainingLoss({ recent, lastStep }: Run): Figure {
  const name = 'Training loss';
  if (recent === undefined) return { name };
  const parts = named(lastStep?.losses);
  return { name, value: nats(meansOf(recent).loss), notes: [meanOf(recent.steps), ...parts] };
}

function heldOutLoss({ evaluations, best }: Run): Figure {
  const name = 'Held-out loss';
  const last = evaluations.at(-1);
  if (last === undefined) return { name };
  const notes = [
    `perplexity ${significant(last.perplexity)}`,
    `${percent(last.accuracy)} right`,
    ...named(last.figures),
    ...(best === undefined ? [] : [`best ${nats(best.loss)} (step ${integer(best.step)})`]),
  ];
  return { name, value: nats(last.loss), notes };
}

function throughput({ recent }: Run): Figure {
  const name = 'Tokens per second';
  if (recent === undefined) return { name };
  return { name, value: integer(meansOf(recent).tokensPerSecond), notes: [meanOf(recent.steps)] };
}

function waiting({ recent, total }: Run): Figure {
  const name = 'Waiting for data';
  if (recent === undefined || total === undefined) return { name };
  const notes = ['share of the time', `${percent(meansOf(total).waitingShare)} since the start`];
  return { name, value: percent(meansOf(recent).waitingShare), notes };
}

function rate({ lastStep }: Run): Figure {
  const name = 'Learning rate';
  if (lastStep === undefined) return { name };
  const notes = [`gradient norm ${significant(lastStep.gradientNorm)}`];
  return { name, value: significant(lastStep.lr), notes };
}

function left({ secondsLeft, end }: Run): Figure {
  const name = 'Time left';
  if (end !== undefined) return { name, value: 'none', notes: [`took ${duration(end.seconds)}`] };
  if (secondsLeft === undefined) return { name };
  const at = new Date(Date.now() + 1000 * secondsLeft);
  const time = `<time datetime="${at.toISOString()}">${at.toLocaleTimeString()}</time>`;
  return { name, value: duration(secondsLeft), notes: [`until about ${time}`] };
}

function meanOf(steps: number): string {
  return steps === 1 ? 'of one step' : `mean of ${steps} steps`;
}

function named(values: Readonly<Record<string, number>> = {}): string[] {
  return Object.entries(values).map(([name, value]) => `${escapeHtml(name)} ${significant(value)}`);
}
