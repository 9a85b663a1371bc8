import { followRun, showTime, showViews } from './follow-run.ts';
import {
  lineValues,
  nearestPoint,
  pixelOf,
  pointsMovedBy,
  pointsOf,
  readChart,
  scaleOf,
  stepAt,
  valueAt,
} from './read-chart.ts';

/** Sent to the browser as their own source text, so they may use the browser and one another, nothing else. */
const functions = [
  ...[followRun, showViews, showTime],
  ...[
    readChart,
    pointsMovedBy,
    lineValues,
    pointsOf,
    nearestPoint,
    stepAt,
    scaleOf,
    valueAt,
    pixelOf,
  ],
];

/** The page's script. */
export const pageScript = `
${functions.join('\n')}
document.querySelectorAll('figure.chart').forEach(readChart);
followRun();
`;
