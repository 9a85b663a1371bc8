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
const plot = { left: 56, right: width - 24, top: 20, bottom: height - 52 };

/** Loss over steps as SVG. Colours come from the page's style. */
export function lossCurve({ losses, evaluations, lnVocab, vocab, entropy }: LossCurve): string {
  const all = [...losses, ...evaluations.map(({ loss }) => loss), lnVocab, entropy];
  const low = Math.floor(all.reduce((a, b) => Math.min(a, b)) * 2 - 0.4) / 2;
  const high = Math.ceil(all.reduce((a, b) => Math.max(a, b)) * 2 + 0.2) / 2;
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
${level(y.at(lnVocab), `ln V = ${lnVocab.toFixed(2)}: all ${vocab.toLocaleString('en')} ids alike`, 'end')}
${level(y.at(entropy), `unigram entropy = ${entropy.toFixed(2)}: token counts alone`, 'start')}
${heldOut.join('\n')}
</svg>`;
}

/** A horizontal line with its name above: at the end that the falling curve is far from. */
function level(at: number, name: string, side: 'start' | 'end'): string {
  const x = side === 'start' ? plot.left + 10 : plot.right - 4;
  return `<line class="level" x1="${plot.left}" x2="${plot.right}" y1="${at.toFixed(1)}" y2="${at.toFixed(1)}"/>
<text class="level-name" x="${x}" y="${(at - 8).toFixed(1)}" text-anchor="${side}">${escapeHtml(name)}</text>`;
}
