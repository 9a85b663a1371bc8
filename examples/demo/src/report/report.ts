import { writeFile } from 'node:fs/promises';
import { createDraft } from '@maskloom/shards';
import type { MaskedShare } from '../masked-share.ts';
import type { Epoch } from '../preview.ts';
import { plural } from '../story.ts';
import { mean, type TrainLog } from '../train-log.ts';
import type { Unigram } from '../unigram.ts';
import { escapeHtml } from './html.ts';
import { lossCurve, meanOf } from './loss-curve.ts';
import { sentenceLegend, sentenceTable } from './sentence.ts';
import { style } from './style.ts';

/** All that the report tells. */
export interface Report {
  readonly text: { readonly title: string; readonly documents: number; readonly bytes: number };
  readonly seed: string;
  readonly batch: number;
  readonly workers: number;
  /** The rate that the plan was asked for. */
  readonly rate: number;
  readonly planId: string;
  readonly log: TrainLog;
  readonly unigram: Unigram;
  readonly share: MaskedShare;
  readonly dynamic: readonly Epoch[];
  readonly static: readonly Epoch[];
}

/** Writes the report, whole or not at all. */
export async function writeReport(path: string, report: Report): Promise<void> {
  const draft = await createDraft(path, 'file');
  try {
    await writeFile(draft.path, reportHtml(report));
    draft.keep();
  } catch (error) {
    await draft.discard();
    throw error;
  }
}

/** The report: one page that needs nothing else. */
export function reportHtml(report: Report): string {
  const { text, log, unigram } = report;
  const losses = log.steps.map(({ loss }) => loss);
  const lnVocab = Math.log(log.start.vocab);
  const curve = lossCurve({
    losses,
    evaluations: log.evaluations,
    lnVocab,
    vocab: log.start.vocab,
    entropy: unigram.entropy,
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Maskloom demo: ${plural(losses.length, 'step')}</title>
<style>${style}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">Maskloom demo</p>
<h1>${plural(losses.length, 'step')} of masked‑language‑model pretraining</h1>
<p class="lead">A small BERT, trained on ${escapeHtml(text.title)} (${plural(text.documents, 'document')},
${(text.bytes / 1e6).toFixed(1)} MB). A sidecar masked the text in
${plural(report.workers, 'thread')} and sent it as Arrow record batches.</p>
</header>
${figures(report)}
<section>
<h2>Loss</h2>
<p>A model that knows nothing loses ln V on each hidden token. One that has learnt how often each token
occurs, and nothing more, loses the text’s unigram entropy. To go below it, a model has to read the words
around the gap.</p>
<p class="legend"><span><i class="key steps"></i> each step</span>
<span><i class="key mean"></i> mean of ${meanOf} steps around</span>
<span><i class="key held-out"></i> held-out documents</span></p>
${curve}
</section>
<section>
<h2>What was masked</h2>
${shareBar(report)}
</section>
<section>
<h2>One sentence, four epochs</h2>
<p>Dynamic masking draws new masks every epoch; static masking draws them once. Both are the same pure
function of seed, epoch and sample: here static masking always looks up epoch 0.</p>
${sentenceLegend()}
<div class="side-by-side">
${sentenceTable('Dynamic', 'new masks every epoch', report.dynamic)}
${sentenceTable('Static', 'one copy, the same masks every epoch', report.static)}
</div>
</section>
<section>
<h2>The run</h2>
${facts(report)}
</section>
</main>
</body>
</html>
`;
}

/** The few numbers to see first. */
function figures({ log, unigram, share }: Report): string {
  const losses = log.steps.map(({ loss }) => loss);
  const last = mean(losses.slice(-meanOf));
  const heldOut = log.evaluations.at(-1);
  const entries: [string, string, string][] = [
    ['First loss', losses[0]!.toFixed(2), `ln V is ${Math.log(log.start.vocab).toFixed(2)}`],
    [
      'Last loss',
      last.toFixed(2),
      `mean of the last ${plural(Math.min(meanOf, losses.length), 'step')}`,
    ],
    [
      'Unigram entropy',
      unigram.entropy.toFixed(2),
      `the last loss is ${compare(last, unigram.entropy)}`,
    ],
    ...(heldOut === undefined
      ? []
      : [
          [
            'Held out',
            heldOut.loss.toFixed(2),
            `${percent(heldOut.accuracy)} of tokens guessed`,
          ] as [string, string, string],
        ]),
    ['Tokens masked', percent(selected(share) / share.tokens), 'in the steps trained'],
  ];
  const items = entries.map(
    ([name, value, note]) =>
      `<div><dt>${name}</dt><dd><b>${value}</b><small>${escapeHtml(note)}</small></dd></div>`,
  );
  return `<dl class="figures">${items.join('\n')}</dl>`;
}

/** Such as `1.9 % above it`. */
export function compare(loss: number, entropy: number): string {
  const difference = loss / entropy - 1;
  return `${percent(Math.abs(difference))} ${difference > 0 ? 'above' : 'below'} it`;
}

function selected({ mask, random, keep }: MaskedShare): number {
  return mask + random + keep;
}

function shareBar({ share, rate }: Report): string {
  const all = selected(share);
  const parts = (['mask', 'random', 'keep'] as const).map((action) => ({
    action,
    count: share[action],
    share: all === 0 ? 0 : share[action] / all,
  }));
  const names = { mask: 'masked', random: 'random token', keep: 'kept' };
  const bar = parts.map(
    ({ action, share }) => `<span class="${action}" style="flex-grow:${share.toFixed(4)}"></span>`,
  );
  const legend = parts.map(
    ({ action, count, share }) =>
      `<span><i class="key ${action}"></i> ${names[action]} ${percent(share)} <small>(${integer(count)})</small></span>`,
  );
  return `<p>Of ${integer(share.tokens)} tokens that are not special, ${integer(all)} were selected:
<strong>${percent(all / share.tokens)}</strong>, asked for ${percent(rate)}. The selected ones were</p>
<div class="bar" role="img" aria-label="Shares of the selected tokens">${bar.join('')}</div>
<p class="legend">${legend.join('\n')}</p>`;
}

function facts({ log, planId, seed, batch, workers }: Report): string {
  const { start, end, steps } = log;
  const seconds = steps.map((step) => step.seconds);
  const waiting = steps.reduce((sum, step) => sum + step.waiting, 0);
  const total = seconds.reduce((sum, value) => sum + value, 0);
  const rows: [string, string][] = [
    ['Plan id', `<code>${escapeHtml(planId)}</code>`],
    [
      'Stream digest',
      `<code>${escapeHtml(end.digest)}</code><br>what the trainer consumed; maskloom verify computed the same`,
    ],
    ['Seed', escapeHtml(seed)],
    ['Global batch', plural(batch, 'row')],
    ['Workers', `${integer(workers)} (any number gives the same stream)`],
    ['Device', `${escapeHtml(start.device)}<br>${escapeHtml(start.deviceReason)}`],
    ['Model', `${integer(start.parameters)} parameters, ${integer(start.vocab)} token ids`],
    ['Time of a step', `${median(seconds).toFixed(2)} s (median)`],
    ['Waiting for data', `${percent(waiting / total)} of the training time`],
    ['Training time', `${end.seconds.toFixed(0)} s for ${plural(steps.length, 'step')}`],
  ];
  return `<table class="facts">${rows
    .map(([name, value]) => `<tr><th scope="row">${name}</th><td>${value}</td></tr>`)
    .join('\n')}</table>`;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Such as `15.0 %`, with a space that does not break. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)}\u00a0%`;
}

function integer(value: number): string {
  return value.toLocaleString('en');
}
