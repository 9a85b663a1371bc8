import type { Run } from '../history/history.ts';
import { escapeHtml } from './html.ts';
import { integer } from './numbers.ts';

/** What a run is, as rows of a table. */
export function facts({ start, checkpoint, end }: Run): string {
  const rows = [
    fact('Plan', code(start.planId)),
    fact('Device', escapeHtml(`${start.device}: ${start.deviceReason}`)),
    fact('Model', `${escapeHtml(start.architecture)}, ${integer(start.parameters)} parameters`),
    fact('Vocabulary', `${integer(start.vocab)} ids`),
    fact('Seed', escapeHtml(start.seed)),
    ...(start.step === 0 ? [] : [fact('Resumed', `after step ${integer(start.step)}`)]),
    ...(checkpoint === undefined
      ? []
      : [fact('Checkpoint', `${code(checkpoint.folder)} after step ${integer(checkpoint.step)}`)]),
    ...(end === undefined ? [] : [fact('Stream digest', code(end.digest))]),
  ];
  return rows.join('\n');
}

function fact(name: string, value: string): string {
  return `<tr><th scope="row">${name}</th><td>${value}</td></tr>`;
}

function code(text: string): string {
  return `<code>${escapeHtml(text)}</code>`;
}
