/** @file Plots as SVG files that can be read on a light and on a dark page. */
import { escapeHtml, linearScale, ticks } from '@maskloom/demo';
import { extent } from './extent.ts';

/** Values over steps, of several runs. */
export interface Series {
  readonly label: string;
  readonly color: string;
  readonly dashed?: boolean;
  readonly points: readonly Band[];
}

/** A mean, and the lowest and highest of the runs. */
export interface Band {
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
}

export interface ChartText {
  readonly title: string;
  /** What a reader who does not see it should know. */
  readonly description: string;
  readonly xLabel: string;
  readonly yLabel: string;
}

const width = 860;
const height = 420;
const plot = { left: 64, right: width - 190, top: 44, bottom: height - 52 };

/** Colours that can be told apart by most, on white and on black. */
export const colors = ['#2f81f7', '#d1651b', '#8b5cf6', '#1a9e6c'];

/** Lines with a band from the lowest to the highest run. */
export function lineChart(text: ChartText, series: readonly Series[]): string {
  const all = series.flatMap(({ points }) => points);
  const x = linearScale(extent(all.map((point) => point.x)), [plot.left, plot.right]);
  const y = linearScale(
    extent(
      all.flatMap(({ low, high }) => [low, high]),
      0.05,
    ),
    [plot.bottom, plot.top],
  );
  const at = (value: number, of: number): string =>
    `${x.at(value).toFixed(1)} ${y.at(of).toFixed(1)}`;
  const lines = series.map(({ color, dashed, points }) => {
    const upper = points.map((point) => at(point.x, point.high));
    const lower = points.map((point) => at(point.x, point.low)).reverse();
    const middle = points.map((point) => at(point.x, point.y));
    const dashes = dashed ? ' stroke-dasharray="5 4"' : '';
    return [
      `<path d="M${[...upper, ...lower].join('L')}Z" fill="${color}" fill-opacity="0.16"/>`,
      `<path d="M${middle.join('L')}" fill="none" stroke="${color}" stroke-width="2"${dashes}/>`,
    ].join('\n');
  });
  const ends = spread(
    series.map(({ points }) => y.at(points.at(-1)!.y)),
    17,
  );
  const labels = series.map(
    ({ label, color }, index) =>
      `<text x="${plot.right + 8}" y="${(ends[index]! + 4).toFixed(1)}" style="fill:${color}">${escapeHtml(label)}</text>`,
  );
  const grid = ticks(...y.domain, 6).map(
    (value) =>
      `<path class="grid" d="M${plot.left} ${y.at(value).toFixed(1)}H${plot.right}"/>` +
      `<text x="${plot.left - 8}" y="${(y.at(value) + 4).toFixed(1)}" text-anchor="end">${value}</text>`,
  );
  const axis = ticks(...x.domain, 6).map(
    (value) =>
      `<text x="${x.at(value).toFixed(1)}" y="${plot.bottom + 20}" text-anchor="middle">${value.toLocaleString('en')}</text>`,
  );
  return svg(text, height, [
    ...grid,
    `<path class="axis" d="M${plot.left} ${plot.bottom}H${plot.right}"/>`,
    ...axis,
    ...lines,
    ...labels,
    `<text x="${(plot.left + plot.right) / 2}" y="${height - 12}" text-anchor="middle">${escapeHtml(text.xLabel)}</text>`,
  ]);
}

/** A value with its confidence interval, and the single runs. */
export interface Dots {
  readonly label: string;
  readonly color: string;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly runs: readonly number[];
}

const rowHeight = 58;

/** One row for each arm: single runs as rings, their mean as a dot, and its interval as a line. */
export function dotChart(text: ChartText, rows: readonly Dots[]): string {
  const bottom = plot.top + rows.length * rowHeight;
  const values = rows.flatMap(({ low, high, runs }) => [low, high, ...runs]);
  const x = linearScale(extent(values, 0.06), [plot.left + 110, width - 30]);
  const grid = ticks(...x.domain, 7).map(
    (value) =>
      `<path class="grid" d="M${x.at(value).toFixed(1)} ${plot.top}V${bottom}"/>` +
      `<text x="${x.at(value).toFixed(1)}" y="${bottom + 20}" text-anchor="middle">${value}</text>`,
  );
  const drawn = rows.map(({ label, color, mean, low, high, runs }, index) => {
    const middle = plot.top + (index + 0.5) * rowHeight;
    const rings = runs.map(
      (value) =>
        `<circle cx="${x.at(value).toFixed(1)}" cy="${middle - 11}" r="4" fill="none" stroke="${color}" stroke-opacity="0.7"/>`,
    );
    return [
      `<text x="${plot.left + 98}" y="${middle + 4}" text-anchor="end" style="fill:${color}">${escapeHtml(label)}</text>`,
      ...rings,
      `<path d="M${x.at(low).toFixed(1)} ${middle + 6}H${x.at(high).toFixed(1)}" stroke="${color}" stroke-width="3"/>`,
      `<circle cx="${x.at(mean).toFixed(1)}" cy="${middle + 6}" r="6" fill="${color}"/>`,
    ].join('\n');
  });
  return svg(text, bottom + 56, [
    ...grid,
    ...drawn,
    `<text x="${(plot.left + 110 + width - 30) / 2}" y="${bottom + 44}" text-anchor="middle">${escapeHtml(text.xLabel)}</text>`,
  ]);
}

function svg({ title, description, yLabel }: ChartText, size: number, parts: string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${size}" width="${width}" height="${size}" role="img" aria-labelledby="title description">
<title id="title">${escapeHtml(title)}</title>
<desc id="description">${escapeHtml(description)}</desc>
<style>
text { font: 13px system-ui, sans-serif; fill: #57606a; }
.title { font-size: 15px; font-weight: 600; fill: #1f2328; }
.grid { stroke: #8c959f; stroke-opacity: 0.25; }
.axis { stroke: #8c959f; }
@media (prefers-color-scheme: dark) { text { fill: #9198a1; } .title { fill: #e6edf3; } }
</style>
<text class="title" x="${plot.left}" y="18">${escapeHtml(title)}</text>
<text x="${plot.left}" y="36">${escapeHtml(yLabel)}</text>
${parts.join('\n')}
</svg>
`;
}

/** Moves positions apart until none is nearer to another than `distance`; their order stays. */
function spread(positions: readonly number[], distance: number): number[] {
  const order = positions.map((_, index) => index).sort((a, b) => positions[a]! - positions[b]!);
  const moved = [...positions];
  for (let at = 1; at < order.length; at++) {
    const above = moved[order[at - 1]!]!;
    moved[order[at]!] = Math.max(moved[order[at]!]!, above + distance);
  }
  return moved;
}
