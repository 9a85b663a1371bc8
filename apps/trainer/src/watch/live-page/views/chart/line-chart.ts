import { escapeHtml } from '../html.ts';
import { integer, tick } from '../numbers.ts';
import { pixelAt, type Scale, ticks } from './scale.ts';

export type Point = readonly [step: number, value: number];

/** A line of a chart. */
export interface Line {
  /** As the legend names it. */
  readonly name: string;
  /** Names the line's look in the style. */
  readonly look: 'faint' | 'train' | 'held-out';
  readonly points: readonly Point[];
  /** Whether each point has a mark. */
  readonly isMarked?: boolean;
}

export interface LineChart {
  /** Names the chart in the page. */
  readonly id: string;
  readonly title: string;
  /** What the chart shows, in words. */
  readonly description: string;
  readonly size: { readonly width: number; readonly height: number };
  readonly steps: readonly [first: number, last: number];
  readonly range: readonly [low: number, high: number];
  /** Stands behind the values. */
  readonly unit?: '%';
  readonly lines: readonly Line[];
}

const margin = { left: 58, right: 14, top: 12, bottom: 30 };

/**
 * Values over steps as SVG. Its colours come from the page's style. The scales stand in `data-x` and `data-y`
 * (value from, to; pixel from, to), so that the page's script can read values off the lines.
 */
export function lineChart(chart: LineChart): string {
  const { id, title, description, size, unit = '' } = chart;
  const x: Scale = { values: chart.steps, pixels: [margin.left, size.width - margin.right] };
  const y: Scale = { values: chart.range, pixels: [size.height - margin.bottom, margin.top] };
  return `<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-labelledby="${id}-title" aria-describedby="${id}-description" data-x="${data(x)}" data-y="${data(y)}" data-unit="${unit}">
<title id="${id}-title">${escapeHtml(title)}</title>
<desc id="${id}-description">${escapeHtml(description)}</desc>
<clipPath id="${id}-plot"><rect x="${x.pixels[0]}" y="0" width="${x.pixels[1] - x.pixels[0] + margin.right}" height="${y.pixels[0]}"/></clipPath>
${valueAxis(x, y, unit)}
${stepAxis(x, y, size.width)}
<g clip-path="url(#${id}-plot)">
${chart.lines.map((line) => lineMarkup(line, x, y)).join('\n')}
</g>
</svg>`;
}

function data({ values, pixels }: Scale): string {
  return [...values, ...pixels].join(' ');
}

function valueAxis(x: Scale, y: Scale, unit: string): string {
  const [left, right] = x.pixels;
  const count = Math.max(5, Math.round((y.pixels[0] - y.pixels[1]) / 52));
  return ticks(y.values, count)
    .map((value) => {
      const at = pixelAt(y, value).toFixed(1);
      const text = `${tick(value)}${unit && `\u00a0${unit}`}`;
      return `<line class="grid" x1="${left}" x2="${right}" y1="${at}" y2="${at}"/><text x="${left - 10}" y="${at}" dy="0.34em" text-anchor="end">${text}</text>`;
    })
    .join('\n');
}

function stepAxis(x: Scale, y: Scale, width: number): string {
  const [bottom] = y.pixels;
  const [left, right] = x.pixels;
  const labels = ticks(x.values, Math.round(width / 130))
    .filter(Number.isInteger)
    .map((step) => {
      const at = pixelAt(x, step).toFixed(1);
      return `<line class="axis" x1="${at}" x2="${at}" y1="${bottom}" y2="${bottom + 4}"/><text x="${at}" y="${bottom + 20}" text-anchor="middle">${integer(step)}</text>`;
    });
  return `<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>
${labels.join('\n')}`;
}

function lineMarkup({ name, look, points, isMarked = false }: Line, x: Scale, y: Scale): string {
  const drawn = points
    .filter(([, value]) => Number.isFinite(value))
    .map(([step, value]) => `${pixelAt(x, step).toFixed(2)} ${pixelAt(y, value).toFixed(2)}`);
  const path = `<path class="${look}" data-name="${escapeHtml(name)}" d="${drawn
    .map((point) => `L${point}`)
    .join('')
    .replace('L', 'M')}"/>`;
  if (!isMarked) return path;
  const marks = drawn.map((point) => {
    const [cx, cy] = point.split(' ');
    return `<circle class="${look}" cx="${cx}" cy="${cy}" r="4"/>`;
  });
  return [path, ...marks].join('\n');
}
