import type { Run } from '../history/history.ts';
import {
  gradientNormChart,
  learningRateChart,
  lossChart,
  throughputChart,
  waitingChart,
} from './charts.ts';
import { facts } from './facts.ts';
import { figures } from './figures.ts';
import { headline, pageTitle, progressBar, stateOf } from './headline.ts';
import { escapeHtml } from './html.ts';
import { evaluationRows, stepRows } from './tables.ts';

/** The names of the parts of the page that change while a run goes on. */
export const viewNames = [
  'title',
  'headline',
  'state',
  'progress',
  'figures',
  'loss',
  'throughput',
  'waiting',
  'learning-rate',
  'gradient-norm',
  'steps',
  'evaluations',
  'facts',
] as const;

/** The parts of the page that change, as HTML. */
export type Views = Readonly<Record<(typeof viewNames)[number], string>>;

/** @param isOver whether the run has ended, by itself or otherwise */
export function renderViews(run: Run | undefined, isOver: boolean): Views {
  if (run === undefined) return unstarted;
  return {
    title: escapeHtml(pageTitle(run, isOver)),
    headline: headline(run),
    state: stateOf(run, isOver),
    progress: progressBar(run),
    figures: figures(run),
    loss: lossChart(run),
    throughput: throughputChart(run),
    waiting: waitingChart(run),
    'learning-rate': learningRateChart(run),
    'gradient-norm': gradientNormChart(run),
    steps: stepRows(run),
    evaluations: evaluationRows(run),
    facts: facts(run),
  };
}

const unstarted = {
  ...(Object.fromEntries(viewNames.map((name) => [name, ''])) as Record<keyof Views, string>),
  title: 'Maskloom trainer',
  headline: 'Maskloom trainer',
  state: 'not started yet',
};
