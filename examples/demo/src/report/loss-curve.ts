import { plural } from '../story.ts';
import { smooth } from '../train-log.ts';
import { escapeHtml } from './html.ts';
import { linearScale, linePath, type Point, thin, ticks } from './scale.ts';

export interface LossCurve {
  /** Loss of each step, in nats. */
  readonly losses: readonly number[];
  readonly evaluations: readonly { readonly step: number; readonly loss: number }[];
  /** Loss of guessing every id of the vocabulary alike. */
  readonly lnVocab: number;
  readonly vocab: number;
  readonly entropy: number;
}

/** Steps that the bold line is the mean of, and the last loss too. */
export const meanOf = 20;

const width = 920;
const height = 430;
/** About what a letter of a line's name takes. */
const letterWidth = 6.8;
const plot = { left: 56, right: width - 24, top: 20, bottom: height - 52 };

/** Loss over steps as SVG. Colours come from the page's style. */
export function lossCurve({ losses, evaluations, lnVocab, vocab, entropy }: LossCurve): string {
  const values = [...losses, ...evaluations.map(({ loss }) => loss), lnVocab, entropy];
  const low = Math.floor(values.reduce((a, b) => Math.min(a, b)) * 2 - 0.4) / 2;
  const high = Math.ceil(values.reduce((a, b) => Math.max(a, b)) * 2 + 0.2) / 2;
  const x = linearScale([0, losses.length], [plot.left, plot.right]);
  const y = linearScale([low, high], [plot.bottom, plot.top]);
  // Step n ends at n + 1, so that a held-out loss after n steps stands where they end.
  const points = (values: readonly number[]): Point[] =>
    values.map((loss, step) => [x.at(step + 1), y.at(loss)]);

  const horizontal = ticks(low, high, 6).map(
    (tick) =>
      `<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${y.at(tick)}" y2="${y.at(tick)}"/>` +
      `<text class="tick" x="${plot.left - 10}" y="${y.at(tick) + 4}" text-anchor="end">${tick}</text>`,
  );
  const vertical = ticks(0, losses.length, 8)
    .filter(Number.isInteger)
    .map(
      (tick) =>
        `<line class="axis" x1="${x.at(tick)}" x2="${x.at(tick)}" y1="${plot.bottom}" y2="${plot.bottom + 5}"/>` +
        `<text class="tick" x="${x.at(tick)}" y="${plot.bottom + 21}" text-anchor="middle">${tick.toLocaleString('en')}</text>`,
    );
  const evaluated = evaluations.map(({ step, loss }): Point => [x.at(step), y.at(loss)]);
  const all = [...points(losses), ...evaluated];
  const heldOut = evaluations.map(
    ({ step, loss }) =>
      `<circle class="held-out" cx="${x.at(step).toFixed(1)}" cy="${y.at(loss).toFixed(1)}" r="5">` +
      `<title>held out after ${plural(step, 'step')}: ${loss.toFixed(3)}</title></circle>`,
  );
  const middle = (plot.top + plot.bottom) / 2;

  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Training loss over steps">
${horizontal.join('\n')}
<line class="axis" x1="${plot.left}" x2="${plot.right}" y1="${plot.bottom}" y2="${plot.bottom}"/>
${vertical.join('\n')}
<text class="label" x="${(plot.left + plot.right) / 2}" y="${height - 8}" text-anchor="middle">step</text>
<text class="label" transform="translate(14 ${middle}) rotate(-90)" text-anchor="middle">loss (nats)</text>
<path class="steps" d="${linePath(thin(points(losses), 1200))}"/>
<path class="mean" d="${linePath(thin(points(smooth(losses, meanOf)), 1200))}"/>
${level(y.at(lnVocab), `ln V = ${lnVocab.toFixed(2)}: all ${vocab.toLocaleString('en')} ids alike`, all)}
${level(y.at(entropy), `unigram entropy = ${entropy.toFixed(2)}: token counts alone`, all)}
${heldOut.join('\n')}
</svg>`;
}

/** A horizontal line with its name, above or below it, where it covers the fewest points. */
function level(at: number, name: string, points: readonly Point[]): string {
  const length = name.length * letterWidth;
  const corners = [at - 8, at + 18].flatMap((y) => [
    { side: 'end', x: plot.right - 4, from: plot.right - 4 - length, y },
    { side: 'start', x: plot.left + 10, from: plot.left + 10, y },
  ]);
  const covered = corners.map(({ from, y }) => {
    const isCovered = ([x, top]: Point): boolean =>
      x > from - 6 && x < from + length + 6 && top > y - 18 && top < y + 8;
    return y > plot.bottom ? Number.POSITIVE_INFINITY : points.filter(isCovered).length;
  });
  const { side, x, y } = corners[covered.indexOf(Math.min(...covered))]!;
  return `<line class="level" x1="${plot.left}" x2="${plot.right}" y1="${at.toFixed(1)}" y2="${at.toFixed(1)}"/>
<text class="level-name" x="${x}" y="${y.toFixed(1)}" text-anchor="${side}">${escapeHtml(name)}</text>`;
}
