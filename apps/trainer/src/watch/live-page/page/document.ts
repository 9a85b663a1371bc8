import type { Views } from '../views/views.ts';
import { pageScript } from './page-script.ts';
import { style } from './style.ts';

/** The page as it stands: one document that needs nothing else, and then follows the run. */
export function pageDocument(views: Views): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon)}">
<title data-view="title">${views.title}</title>
<style>${style}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">Maskloom trainer</p>
<h1 data-view="headline">${views.headline}</h1>
<p class="state" role="status" data-view="state">${views.state}</p>
<p class="connection" role="status"></p>
</header>
<div class="progress" data-view="progress">${views.progress}</div>
<dl class="figures card" data-view="figures">${views.figures}</dl>
<section class="charts" aria-label="Charts">
${chart('loss', 'Loss', views, 'wide', lossLegend)}
${chart('throughput', 'Tokens per second', views)}
${chart('waiting', 'Time waiting for data', views)}
${chart('learning-rate', 'Learning rate', views)}
${chart('gradient-norm', 'Gradient norm', views)}
</section>
<p id="reading" hidden>Arrow keys read its values, Escape ends that. The figures are in tables below, too.</p>
<details class="card">
<summary>The charts as tables</summary>
${table('steps', 'Steps, the newest first; several in a row are their means', stepColumns, views)}
${table('evaluations', 'Held-out data, the newest first', evaluationColumns, views)}
</details>
<section class="facts card" aria-label="The run">
<table><tbody data-view="facts">${views.facts}</tbody></table>
</section>
</main>
<script>${pageScript}</script>
</body>
</html>
`;
}

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M2 3c3 8 6 9 12 10" fill="none" stroke="#1f6f8b" stroke-width="2.5" stroke-linecap="round"/></svg>';

const lossLegend = `<span><i class="key faint"></i>training</span>
<span><i class="key"></i>smoothed</span>
<span><i class="key held-out"></i>held out</span>`;

const stepColumns = [
  ...['Steps', 'Loss (nats)', 'Tokens per second', 'Waiting for data'],
  ...['Learning rate', 'Gradient norm'],
];
const evaluationColumns = ['Step', 'Loss (nats)', 'Perplexity', 'Right', 'Masked tokens'];

function chart(
  view: keyof Views,
  name: string,
  views: Views,
  size: 'wide' | '' = '',
  legend = '',
): string {
  return `<figure class="chart card ${size}" tabindex="0" aria-label="${name}" aria-describedby="reading">
<figcaption><h2>${name}</h2>${legend}<output></output></figcaption>
<div class="plot" data-view="${view}">${views[view]}</div>
</figure>`;
}

function table(
  view: keyof Views,
  caption: string,
  columns: readonly string[],
  views: Views,
): string {
  const heads = columns.map((column) => `<th scope="col">${column}</th>`).join('');
  return `<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
<table><caption>${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody data-view="${view}">${views[view]}</tbody></table>
</div>`;
}
