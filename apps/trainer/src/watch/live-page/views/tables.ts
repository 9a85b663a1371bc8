import type { Run } from '../history/history.ts';
import { joinSpans, meansOf, type StepSpan } from '../history/step-span.ts';
import { integer, nats, percent, significant } from './numbers.ts';

/** Most rows of a table. */
const most = 40;

/** Rows of what the charts show of the steps, the newest first. */
export function stepRows({ spans }: Run): string {
  const size = Math.ceil(spans.length / most);
  const rows: StepSpan[] = [];
  for (let from = 0; from < spans.length; from += size) {
    rows.push(spans.slice(from, from + size).reduce(joinSpans));
  }
  return rows.toReversed().map(stepRow).join('\n');
}

/** Rows of the evaluations, the newest first. */
export function evaluationRows({ evaluations, best }: Run): string {
  return evaluations
    .slice(-most)
    .toReversed()
    .map(({ step, loss, perplexity, accuracy, masked }) =>
      row(
        step === best?.step ? `${integer(step)} (best)` : integer(step),
        nats(loss),
        significant(perplexity),
        percent(accuracy),
        integer(masked),
      ),
    )
    .join('\n');
}

function stepRow(span: StepSpan): string {
  const means = meansOf(span);
  const first = span.done - span.steps + 1;
  return row(
    span.steps === 1 ? integer(span.done) : `${integer(first)}–${integer(span.done)}`,
    nats(means.loss),
    integer(means.tokensPerSecond),
    percent(means.waitingShare),
    significant(means.lr),
    significant(means.gradientNorm),
  );
}

function row(head: string, ...cells: readonly string[]): string {
  return `<tr><th scope="row">${head}</th>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}
