import * as setup from '../setup.ts';
import { type Interval, isDifferent } from '../statistics.ts';
import type { Study } from '../studies.ts';
import type { ArmSummary } from '../summary.ts';

/** How large the data was. */
export interface DataSize {
  readonly text: string;
  readonly samples: number;
  readonly tokens: number;
  readonly stepsPerEpoch: number;
  readonly heldOutSamples: number;
}

/** A study's report in Markdown. */
export function page(study: Study, arms: readonly ArmSummary[], size: DataSize): string {
  return `<!-- Written by \`npm run experiment\`: do not edit. -->

# ${study.title}

${study.question}

${findings(study, arms)}

![Loss over steps](${study.name}-loss.svg)

## Results

${resultsTable(study, arms)}

Losses are nats a hidden token, means over ${setup.seeds.length} seeds with 95 % confidence intervals (Student's t). *Held out* is text
that was not trained on, under one fixed set of masks (15 % of tokens), the same for all arms. *Train* is the training
loss over the last epoch, under the masks of the arm itself, so that arms which hide other things are not to be
compared by it. *Gap* is held out less train. *Difference* is to ${labelOf(study)} with the same seed.

![Held-out loss at the end](${study.name}-held-out.svg)

![Gap](${study.name}-gap.svg)

## What there was to learn, and what it cost

${costTable(arms)}

A *pair* is a hidden token with the masked sample that it is to be guessed from: static masking shows the same pairs
again and again. *Loader* is what a batch of ${setup.batch} samples costs a client of a sidecar with one worker that does nothing else (in the
calling process, over HTTP; the median of five rounds). *Waiting* is the share of the training time in which the trainer waited for a batch.
${study.name === 'static-vs-dynamic' ? published : ''}
## Set-up

${setUp(size, arms)}

| arm | seed | plan | held-out plan | stream digest |
| --- | --- | --- | --- | --- |
${arms
  .flatMap(({ arm, runs }) =>
    runs.map(
      ({ seed, planId, evalPlanId, digest }) =>
        `| ${arm.label} | ${seed} | \`${planId}\` | \`${evalPlanId.slice(0, 16)}…\` | \`${digest.slice(0, 16)}…\` |`,
    ),
  )
  .join('\n')}

\`npm run experiment -- --study ${study.name}\` trains all that is not in \`.cache/experiments\` yet, and writes this page. It can be
interrupted, and called again to go on; \`--minutes\` bounds a call.
`;
}

/** What the intervals say, and where they say nothing. */
function findings(study: Study, arms: readonly ArmSummary[]): string {
  const reference = arms.find(({ arm }) => arm.name === study.reference)!;
  const lines = arms.flatMap(({ arm, difference, bestDifference }) => {
    if (difference === undefined || bestDifference === undefined) return [];
    return [
      `- **${arm.label}** against ${reference.arm.label}: at the end ${verdict(difference)}; at the best evaluation of each run ${verdict(bestDifference)}.`,
    ];
  });
  return `After ${setup.steps.toLocaleString('en')} steps, on held-out text:

${lines.join('\n')}`;
}

function verdict(difference: Interval): string {
  const by = `${signed(difference)} nats`;
  if (!isDifferent(difference))
    return `no difference could be shown (${by}; the interval contains 0)`;
  return `the loss is ${difference.mean > 0 ? 'higher' : 'lower'} (${by})`;
}

function resultsTable(study: Study, arms: readonly ArmSummary[]): string {
  const rows = arms.map(
    ({ arm, heldOut, best, accuracy, train, gap, difference, bestDifference }) =>
      `| ${[
        arm.label,
        interval(heldOut),
        difference === undefined ? '' : signed(difference),
        `${interval(best)} (step ${best.step})`,
        bestDifference === undefined ? '' : signed(bestDifference),
        `${(100 * accuracy.mean).toFixed(1)} %`,
        interval(train),
        interval(gap),
      ].join(' | ')} |`,
  );
  return `| arm | held out, at the end | difference | held out, at best | difference | right | train | gap |
| --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}${study.arms.length === arms.length ? '' : '\n'}`;
}

function costTable(arms: readonly ArmSummary[]): string {
  const rows = arms.map(
    ({ arm, measures, waiting }) =>
      `| ${arm.label} | ${measures.seen.toLocaleString('en')} | ${measures.distinct.toLocaleString('en')} | ${((100 * measures.distinct) / measures.seen).toFixed(1)} % | ${measures.milliseconds.toFixed(3)} ms | ${(100 * waiting).toFixed(2)} % |`,
  );
  return `| arm | pairs seen | distinct pairs | share | loader | waiting |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}`;
}

const published = `
## Beside RoBERTa

RoBERTa's authors compared both on BERT base (Liu et al. 2019, arXiv:1907.11692, table 1; medians of 5 seeds after
fine-tuning):

| masking | SQuAD 2.0, F1 | MNLI-m, accuracy | SST-2, accuracy |
| --- | --- | --- | --- |
| static (10 copies) | 78.3 | 84.3 | 92.5 |
| dynamic | 78.7 | 84.0 | 92.9 |

There, 40 epochs over a large corpus showed each of 10 masks four times, and the two differ by no more than seeds do. Here the text is
small, the passes are many, and the measure is the held-out loss itself: what static masking loses by repetition can be
seen. How much of it reaches a real run depends on how often its text comes back.
`;

function setUp(size: DataSize, arms: readonly ArmSummary[]): string {
  const { text, samples, tokens, stepsPerEpoch, heldOutSamples } = size;
  const { steps, batch, vocabSize, maxLength, every, trainer, evalEvery } = setup;
  const runs = arms.flatMap((arm) => arm.runs);
  const hours = runs.reduce((sum, { seconds }) => sum + seconds, 0) / 3600;
  const list = (values: readonly string[]): string => [...new Set(values)].sort().join(', ');
  const options = Object.entries(trainer).map(([name, value]) => `${name} ${value}`);
  return `- Text: ${text}; every ${every}th address, and held out the one half way between. ${samples.toLocaleString('en')} samples of at most ${maxLength} tokens (${tokens.toLocaleString('en')} in all),
  a WordPiece vocabulary of ${vocabSize.toLocaleString('en')} ids; ${heldOutSamples.toLocaleString('en')} samples held out.
- Model: ${options.join(', ')}; AdamW. ${steps.toLocaleString('en')} steps of ${batch} samples: ${(steps / stepsPerEpoch).toFixed(1)} epochs. Evaluated every ${evalEvery} steps.
- Seeds ${setup.seeds.join(', ')}: of the masks, of the order and of the initial weights; the same for all arms.
- Trained with jax-js on Wasm, one thread a run, at commit ${list(runs.map(({ commit }) => commit))}, on ${list(runs.map(({ date }) => date))}, on ${list(runs.map(({ machine }) => machine))}:
  ${hours.toFixed(2)} hours of training in all.`;
}

function labelOf({ arms, reference }: Study): string {
  return arms.find(({ name }) => name === reference)!.label;
}

const interval = ({ mean, low }: Interval): string =>
  `${mean.toFixed(3)} ± ${(mean - low).toFixed(3)}`;

const signed = ({ mean, low }: Interval): string =>
  `${mean < 0 ? '−' : '+'}${Math.abs(mean).toFixed(3)} ± ${(mean - low).toFixed(3)}`;
