import type { FrequencyGuess } from '../frequency-guess.ts';
import type { Setup } from '../setup.ts';
import { type Interval, isDifferent } from '../statistics.ts';
import { hidesAlike, type Study } from '../studies.ts';
import type { ArmSummary } from '../summary.ts';
import { table } from './table.ts';

/** How large the data was. */
export interface DataSize {
  readonly text: string;
  /** The npm package that the text is from, with its version. */
  readonly package: string;
  readonly samples: number;
  readonly tokens: number;
  readonly stepsPerEpoch: number;
  readonly heldOutSamples: number;
  /** What the frequencies of the training text make of the held-out text's hidden tokens. */
  readonly frequencies: FrequencyGuess;
}

/** A study's report in Markdown. */
export function page(
  study: Study,
  arms: readonly ArmSummary[],
  size: DataSize,
  setup: Setup,
): string {
  const { name, title, question, note } = study;
  return `<!-- Written by \`npm run experiment\`: do not edit. -->

# ${title}

${question}

${findings(study, arms, setup)}

${baseline(arms, size)}

${note}

![Loss over steps](${name}-loss.svg)

## Results

${resultsTable(study, arms)}

${definitions(study, setup)}

![Held-out loss at the end](${name}-held-out.svg)

![Held-out loss at the best evaluation](${name}-best.svg)
${hidesAlike(study) ? `\n![Gap](${name}-gap.svg)\n` : ''}
## What there was to learn, and what it cost

${costTable(arms)}

A *pair* is a hidden token, at its place in its sample, with the masked sample that it is to be guessed from: the same token
under other masks is another pair. They are counted exactly, over all steps of a run, with seed ${setup.seeds[0]}.
*Computed* is what the loader alone takes to read, mask and lay out a batch of ${setup.batch} samples in the calling thread, *from the cache* the same
where static masks are kept and read (milliseconds of processor time); *served* is what a batch takes a client of a sidecar with one
worker over HTTP that asks for nothing but batches. *Waiting* is the share of the training time in which the trainer waited for a batch.
${name === 'static-vs-dynamic' ? published : ''}
## Set-up

${setUp(size, arms, setup)}

${planTable(arms)}

\`npm run experiment -- --study ${name}\` trains all that is not in \`.cache/experiments\` yet, and writes this page. It can be
interrupted, and called again to go on; \`--minutes\` bounds a call.
`;
}

/** What the intervals say, and where they say nothing. */
function findings(study: Study, arms: readonly ArmSummary[], { steps }: Setup): string {
  const reference = arms.find(({ arm }) => arm.name === study.reference)!;
  const lines = arms.flatMap(({ arm, difference, bestDifference }) => {
    if (difference === undefined || bestDifference === undefined) return [];
    return [
      `- **${arm.label}** against ${reference.arm.label}: at the end ${verdict(difference)}; at the best evaluation of each run ${verdict(bestDifference)}.`,
    ];
  });
  return `After ${count(steps)} steps, on held-out text:

${lines.join('\n')}`;
}

/** Where the arms stand to a guess that looks at nothing. */
function baseline(arms: readonly ArmSummary[], { frequencies }: DataSize): string {
  const { loss, accuracy } = frequencies;
  const lowest = Math.min(...arms.map(({ heldOut }) => heldOut.mean));
  const above = arms.filter(({ heldOut }) => heldOut.mean >= loss).map(({ arm }) => arm.label);
  const sentences = [
    `A guess by the training text's token frequencies alone has a held-out loss of ${loss.toFixed(3)}, and is right for ${percent(accuracy, 1)}.`,
  ];
  if (lowest < loss)
    sentences.push(`The best arm ends ${(loss - lowest).toFixed(3)} nats below that.`);
  if (above.length > 0) sentences.push(`Not below it at the end: ${above.join('; ')}.`);
  return sentences.join(' ');
}

function verdict(difference: Interval): string {
  const by = `${signed(difference)} nats`;
  if (!isDifferent(difference))
    return `no difference could be shown (${by}; the interval contains 0)`;
  return `the loss is ${difference.mean > 0 ? 'higher' : 'lower'} (${by})`;
}

function resultsTable(study: Study, arms: readonly ArmSummary[]): string {
  const gap = hidesAlike(study);
  const heads = ['arm', 'held out, at the end', 'difference', 'held out, at best', 'difference'];
  return table(
    [...heads, 'right', 'train', ...(gap ? ['gap'] : [])],
    arms.map((summary) => [
      summary.arm.label,
      interval(summary.heldOut),
      summary.difference === undefined ? '' : signed(summary.difference),
      `${interval(summary.best)} (step ${count(summary.best.step)})`,
      summary.bestDifference === undefined ? '' : signed(summary.bestDifference),
      percent(summary.accuracy.mean, 1),
      interval(summary.train),
      ...(gap ? [interval(summary.gap)] : []),
    ]),
  );
}

function definitions(study: Study, { seeds }: Setup): string {
  const reference = study.arms.find(({ name }) => name === study.reference)!.label;
  return `Losses are nats a hidden token: means over ${seeds.length} seeds with 95 % confidence intervals (Student's t), each interval for itself.
*Held out* is text that was not trained on, under one fixed set of masks (15 % of tokens), the same for all arms and seeds. *At best* is the
lowest of a run's evaluations, with the median of their steps; it was chosen by the same held-out text, and so is a little low. *Difference* is to
${reference} with the same seed, so that what a seed brings to all arms does not count. *Right* is the share of hidden tokens guessed, at the end.
*Train* is the mean loss of the steps of the last epoch, each before its update, under the masks that the arm itself had in that
epoch${
    hidesAlike(study)
      ? `. *Gap* is held out, at the end, less train. Dynamic masks are new in each epoch, so that its gap is what the *text* was learnt by heart;
static masks were seen before, and learning them by heart widens the gap.`
      : ': arms that hide more, or other things, have harder or easier ones, and are not to be compared by it.'
  }`;
}

function costTable(arms: readonly ArmSummary[]): string {
  return table(
    [
      ...['arm', 'pairs seen', 'distinct pairs', 'share'],
      ...['computed, ms', 'from the cache, ms', 'served, ms', 'waiting'],
    ],
    arms.map(({ arm, measures: { seen, distinct, computed, cached, served }, waiting }) => [
      ...[arm.label, count(seen), count(distinct), percent(distinct / seen, 1)],
      ...[computed.toFixed(3), cached?.toFixed(3) ?? '', served.toFixed(3), percent(waiting, 2)],
    ]),
  );
}

const published = `
## Beside RoBERTa

RoBERTa's authors compared both on BERT base (Liu et al. 2019, arXiv:1907.11692, table 1; medians of 5 seeds, after
fine-tuning):

| masking | SQuAD 2.0, F1 | MNLI-m, accuracy | SST-2, accuracy |
| --- | --- | --- | --- |
| static (10 copies) | 78.3 | 84.3 | 92.5 |
| dynamic | 78.7 | 84.0 | 92.9 |

Dynamic masking is ahead in two tasks of three, by no more than 0.4; the table gives no spread of the seeds, so that it does not say
whether that is more than chance. There, each of 10 masks came four times in 40 epochs of a large text, and the tasks are what a
model is used for. Here a small text comes back many times to a small model, and the measure is the held-out loss of
the training objective itself. So the two do not contradict each other: this page shows what repetition of masks can do, that
table how little of it was left at that size. Neither says what happens in between.
`;

function setUp(size: DataSize, arms: readonly ArmSummary[], setup: Setup): string {
  const { text, samples, tokens, stepsPerEpoch, heldOutSamples } = size;
  const { steps, batch, vocabSize, maxLength, every, trainer, evalEvery, seeds } = setup;
  const runs = arms.flatMap((arm) => arm.runs);
  const hours = runs.reduce((sum, { seconds }) => sum + seconds, 0) / 3600;
  const list = (values: readonly string[]): string => [...new Set(values)].sort().join(', ');
  const options = Object.entries(trainer).map(([name, value]) => `${name} ${value}`);
  return `- Text: ${text} (npm's \`${size.package}\`); every ${every}th address, and held out the one half way between. ${count(samples)} samples of at
  most ${maxLength} tokens (${count(tokens)} in all), ${count(heldOutSamples)} samples held out; a WordPiece vocabulary of ${count(vocabSize)} ids, from all addresses.
- Model: ${options.join(', ')}; AdamW. ${count(steps)} steps of ${batch} samples: ${(steps / stepsPerEpoch).toFixed(1)} epochs.
  Evaluated every ${evalEvery} steps, on all of the held-out text under plan ${list(runs.map(({ evalPlanId }) => `\`${evalPlanId}\``))}. The sizes were chosen after one run each of dynamic and of static masking with one copy, with a seed
  that is none of these, such that the text is repeated often enough for over-fitting to be seen.
- Seeds ${seeds.join(', ')}: of the masks, of the order and of the initial weights; the same for all arms.
- Trained with jax-js on Wasm, whose results do not depend on the number of threads, at commit ${list(runs.map(({ commit }) => commit))}, on ${list(runs.map(({ date }) => date))}, on ${list(runs.map(({ machine }) => machine))}:
  ${hours.toFixed(2)} hours of steps in all. At the same commit a run comes to the same losses bit for bit; another may round otherwise.`;
}

function planTable(arms: readonly ArmSummary[]): string {
  return table(
    ['arm', 'seed', 'plan', 'stream digest'],
    arms.flatMap(({ arm, runs }) =>
      runs.map(({ seed, planId, digest }) => [arm.label, seed, `\`${planId}\``, `\`${digest}\``]),
    ),
  );
}

const count = (value: number): string => value.toLocaleString('en');

const percent = (share: number, digits: number): string => `${(100 * share).toFixed(digits)} %`;

const interval = ({ mean, low }: Interval): string =>
  `${mean.toFixed(3)} ± ${(mean - low).toFixed(3)}`;

const signed = ({ mean, low }: Interval): string =>
  `${mean < 0 ? '−' : '+'}${Math.abs(mean).toFixed(3)} ± ${(mean - low).toFixed(3)}`;
