import type {
  ActionPlan,
  BudgetSelection,
  Denoiser,
  LengthTable,
  SpanCorruptionPlan,
  StrategyPlan,
  UnitStrategyPlan,
} from '@maskloom/core';
import { count, listed, many, percent } from './words.ts';

/** What a strategy hides and what becomes of it, in sentences. */
export function explainStrategy(strategy: StrategyPlan): string {
  switch (strategy.type) {
    case 'token': {
      const { select, mask, random, randomWords } = strategy;
      const chosen = `Each token that is not special is selected by itself, with probability ${percent(select / 65536)} (${select}/65536).`;
      return select === 0
        ? chosen
        : `${chosen} ${fate('token', mask, random, select, randomWords)}`;
    }
    case 'units':
      return `${explainUnits(strategy)} ${explainAction(strategy.action)}`;
    case 'sentence-order':
      return `The two segments of a sample are swapped for every second sample, by draw, and the model is asked whether they were. Then: ${explainStrategy(strategy.masking)}`;
    case 'span-corruption':
      return explainCorruption(strategy);
  }
}

const unitNames = {
  token: 'Tokens that are not special',
  word: "Whole words, as the vocabulary's continuation ids tell them,",
  column: "Units, as the dataset's column `units` tells them,",
} as const;

function explainUnits({ unit, lengths, selection }: UnitStrategyPlan): string {
  const what = unitNames[unit];
  if (selection.type === 'bernoulli') {
    const { select } = selection;
    return `${what} are each selected with probability ${percent(select / 65536)} (${select}/65536).`;
  }
  const inSpans =
    lengths.length === 0
      ? ''
      : ` in spans of 1 to ${lengths.length + 1} (${meanOf(lengths)} on average)`;
  return `${what} are selected${inSpans} until a budget of tokens is spent: ${explainBudget(selection)}.`;
}

function explainBudget({ rate, rounding, least, most }: BudgetSelection): string {
  const rounded = {
    'half-even': 'to the nearest',
    up: 'up',
    chance: "up with the fraction's probability",
  }[rounding];
  const limits = [
    ...(least > 0 ? [`at least ${least}`] : []),
    ...(most === undefined ? [] : [`at most ${count(most)}`]),
  ];
  const bounds = limits.length === 0 ? '' : `, ${limits.join(' and ')}`;
  const examples = [128, 512].map((length) => {
    const budget = Math.min(
      most ?? length,
      Math.max(least, Math.round((rate * length) / 1_000_000)),
    );
    return `about ${count(budget)} of ${length}`;
  });
  return `${percent(rate / 1_000_000)} of the sample's tokens (special ones count), rounded ${rounded}${bounds}; ${listed(examples)}`;
}

function explainAction({ mask, random, per, randomWords }: ActionPlan): string {
  return fate(per, mask, random, 65536, randomWords);
}

/** What becomes of selected tokens, by the thresholds of a draw below `limit`. */
function fate(
  per: ActionPlan['per'],
  mask: number,
  random: number,
  limit: number,
  randomWords: 'unigram' | undefined,
): string {
  const shares = [
    [mask, 'become the mask token'],
    [random - mask, 'become a random token'],
    [limit - random, 'stay as they are'],
  ] as const;
  const parts = shares
    .filter(([share]) => share > 0)
    .map(([share, what]) => `${percent(share / limit)} ${what}`);
  const drawn =
    randomWords === undefined || random === mask ? '' : ', drawn as often as the data has it';
  const draw = per === 'token' ? 'token' : per === 'unit' ? 'unit as a whole' : 'span as a whole';
  return `Of the selected, ${listed(parts)}${drawn}: one draw for each ${draw}.`;
}

function explainCorruption({ denoisers, choice, sentinels, end }: SpanCorruptionPlan): string {
  const { first, count: sentinelCount } = sentinels;
  const limits = [0, ...choice, 2 ** 32];
  const ways = denoisers.map((denoiser, index) => {
    const share = (limits[index + 1]! - limits[index]!) / 2 ** 32;
    const often = denoisers.length === 1 ? '' : `${percent(share)} of the samples: `;
    return `${often}${explainDenoiser(denoiser)}`;
  });
  const ended = end === undefined ? '' : `, and ends with id ${end}`;
  return `A sentinel stands for each hidden span in the input; the target has each sentinel followed by its tokens${ended}. ${ways.join('; ')}. Sentinels are ids ${first} down to ${first - sentinelCount + 1}: at most ${many(sentinelCount, 'span')} a sample.`;
}

function explainDenoiser(denoiser: Denoiser): string {
  const hidden = percent(denoiser.density / 1_000_000);
  const mode = denoiser.mode === undefined ? '' : `, behind mode id ${denoiser.mode}`;
  return denoiser.type === 'suffix'
    ? `the sample's end, ${hidden} of the tokens on average, is hidden${mode}`
    : `${hidden} of the tokens are hidden, in spans of ${denoiser.meanLength / 1000} on average${mode}`;
}

function meanOf(lengths: LengthTable): string {
  // The length is above k as often as a draw reaches the k-th threshold.
  const mean = lengths.reduce((sum, threshold) => sum + 1 - threshold / 2 ** 32, 1);
  return mean.toFixed(2);
}
