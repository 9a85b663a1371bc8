/** @file Runs in the page, see page-script.ts. */

/** A scale as a chart tells it: value from, to; pixel from, to. */
type ScaleNumbers = readonly number[];
type PixelPoint = readonly number[];

/** Reads values off a chart's lines where the pointer is, or a cursor that keys move. */
export function readChart(figure: HTMLElement): void {
  const plot = figure.querySelector<HTMLElement>('.plot')!;
  const output = figure.querySelector('output')!;
  const cursor = document.createElement('i');
  cursor.className = 'cursor';
  /** What is read, for when the chart is drawn anew. */
  let step: number | undefined;

  const readAt = (x: number): void => {
    const svg = plot.querySelector('svg');
    const at = nearestPoint(pointsOf(plot.querySelector('path')), x);
    if (svg === null || at === undefined) return;
    step = stepAt(svg, at[0]!);
    output.textContent = `step ${step.toLocaleString('en')}: ${lineValues(svg, at[0]!).join(', ')}`;
    cursor.style.left = `${(100 * at[0]!) / svg.viewBox.baseVal.width}%`;
    plot.append(cursor);
  };
  const clear = (): void => {
    step = undefined;
    output.textContent = '';
    cursor.remove();
  };
  const readStep = (): void => {
    const svg = plot.querySelector('svg');
    if (step !== undefined && svg !== null) readAt(pixelOf(scaleOf(svg, 'x'), step));
  };
  const move = (by: number): void => {
    const svg = plot.querySelector('svg');
    const points = pointsOf(plot.querySelector('path'));
    if (svg === null || points.length === 0) return;
    const last = points.length - 1;
    const current =
      step === undefined
        ? last
        : points.indexOf(nearestPoint(points, pixelOf(scaleOf(svg, 'x'), step))!) + by;
    readAt(points[Math.min(Math.max(current, 0), last)]![0]!);
  };

  plot.addEventListener('pointermove', ({ clientX }) => {
    const svg = plot.querySelector('svg');
    if (svg === null) return;
    const { left, width } = svg.getBoundingClientRect();
    readAt(((clientX - left) / width) * svg.viewBox.baseVal.width);
  });
  plot.addEventListener('pointerleave', clear);
  figure.addEventListener('blur', clear);
  figure.addEventListener('keydown', (event) => {
    const by = pointsMovedBy(event.key);
    if (event.key === 'Escape') clear();
    if (by === 0) return;
    event.preventDefault();
    move(by);
  });
  document.addEventListener('views', readStep);
}

export function pointsMovedBy(key: string): number {
  const moves: Record<string, number> = {
    ...{ ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 },
    ...{ Home: Number.NEGATIVE_INFINITY, End: Number.POSITIVE_INFINITY },
  };
  return moves[key] ?? 0;
}

/** The value of each line near a pixel of the drawing, with its name. */
export function lineValues(svg: SVGSVGElement, x: number): string[] {
  const unit = svg.dataset['unit'] === '' ? '' : `\u00a0${svg.dataset['unit']}`;
  return [...svg.querySelectorAll<SVGPathElement>('path')].flatMap((path) => {
    const point = nearestPoint(pointsOf(path), x);
    if (point === undefined) return [];
    const value = valueAt(scaleOf(svg, 'y'), point[1]!);
    const text = value.toLocaleString('en', { maximumSignificantDigits: 4 });
    const step = stepAt(svg, point[0]!);
    const elsewhere = step === stepAt(svg, x) ? '' : ` (step ${step.toLocaleString('en')})`;
    return [`${path.dataset['name']} ${text}${unit}${elsewhere}`];
  });
}

export function pointsOf(path: Element | null): PixelPoint[] {
  const drawn = path?.getAttribute('d') ?? '';
  return drawn
    .split(/[ML]/)
    .slice(1)
    .map((point) => point.split(' ').map(Number));
}

export function nearestPoint(points: readonly PixelPoint[], x: number): PixelPoint | undefined {
  const distance = (point: PixelPoint): number => Math.abs(point[0]! - x);
  return points.reduce<PixelPoint | undefined>(
    (best, point) => (best !== undefined && distance(best) <= distance(point) ? best : point),
    undefined,
  );
}

export function stepAt(svg: SVGSVGElement, x: number): number {
  return Math.round(valueAt(scaleOf(svg, 'x'), x));
}

export function scaleOf(svg: SVGSVGElement, axis: 'x' | 'y'): ScaleNumbers {
  return svg.dataset[axis]!.split(' ').map(Number);
}

export function valueAt([from, to, start, end]: ScaleNumbers, pixel: number): number {
  return from! + ((pixel - start!) / (end! - start!)) * (to! - from!);
}

export function pixelOf([from, to, start, end]: ScaleNumbers, value: number): number {
  return start! + ((value - from!) / (to! - from!)) * (end! - start!);
}
