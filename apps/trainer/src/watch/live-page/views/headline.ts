import { duration } from '../../duration.ts';
import type { Run } from '../history/history.ts';
import { meansOf } from '../history/step-span.ts';
import { escapeHtml } from './html.ts';
import { integer, nats, short } from './numbers.ts';

/** The state of a run in a word or two. */
export function stateOf({ end }: Run, isOver: boolean): string {
  if (end?.reason === 'early-stop') return 'stopped early';
  if (end?.reason === 'stopped') return 'stopped';
  if (end !== undefined) return 'finished';
  return isOver ? 'ended before its last step' : 'training';
}

/** What is trained, and on what. */
export function headline({ start }: Run): string {
  const parameters = short(start.parameters);
  return `${escapeHtml(start.architecture)}, ${parameters} parameters, on ${escapeHtml(start.device)}`;
}

/** The page's title, which a browser's tab shows. */
export function pageTitle(run: Run, isOver: boolean): string {
  const loss = run.recent === undefined ? [] : [`loss ${nats(meansOf(run.recent).loss)}`];
  const share = `${Math.floor((100 * run.done) / run.start.steps)} %`;
  return [share, ...loss, `${run.start.architecture} ${stateOf(run, isOver)}`].join(' · ');
}

/** A bar of the steps done, and the same in words. */
export function progressBar({ start, done, secondsLeft }: Run): string {
  const share = (100 * done) / start.steps;
  const words = [
    `step ${integer(done)} of ${integer(start.steps)}`,
    `${Math.floor(share)}\u00a0%`,
    ...(secondsLeft === undefined ? [] : [`${duration(secondsLeft)} left`]),
  ];
  return `<div class="bar" role="progressbar" aria-label="Steps done" aria-valuemin="0" aria-valuemax="${start.steps}" aria-valuenow="${done}"><i style="width:${share.toFixed(2)}%"></i></div>
<p>${words.join(' · ')}</p>`;
}
