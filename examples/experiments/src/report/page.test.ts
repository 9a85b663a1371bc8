import { describe, expect, test } from 'vitest';
import type { Measures } from '../measures.ts';
import type { RunResult } from '../result.ts';
import { fullSetup } from '../setup.ts';
import type { Arm, Study } from '../studies.ts';
import { type ArmSummary, summarise } from '../summary.ts';
import { bestChart, gapChart, heldOutChart, lossChart } from './charts.ts';
import { page } from './page.ts';

const { seeds, steps, evalEvery } = fullSetup;
const stepsPerEpoch = 10;

const arm = (name: string, rate = 0.15): Arm => ({
  name,
  label: `the ${name}`,
  masks: { mode: 'dynamic', rate },
});

const study: Study = {
  ...{
    name: 'a-study',
    title: 'A study',
    question: 'Which?',
    reference: 'one',
    note: 'Mind this.',
  },
  arms: [arm('one'), arm('alike'), arm('worse')],
};

/** An arm's runs, which end at `ends`; seed by seed they begin half a nat lower, and learn their text. */
function runs(name: string, ends: readonly number[]): RunResult[] {
  return ends.map((end, index) => ({
    ...{ arm: name, seed: seeds[index]!, planId: `plan-${name}-${index}` },
    ...{ evalPlanId: 'held-out', digest: `digest-${name}-${index}` },
    losses: Array.from({ length: steps }, (_, step) => (step < steps - stepsPerEpoch ? 9 : 4)),
    evaluations: Array.from({ length: steps / evalEvery }, (_, at) => ({
      step: (at + 1) * evalEvery,
      loss: at === 4 ? end - 0.5 : end,
      accuracy: 0.25,
    })),
    ...{ seconds: 100, waiting: 1, commit: 'abc', date: '2026-01-01', machine: 'm' },
  }));
}

// Seeds differ by whole nats, arms by less.
const results: Record<string, RunResult[]> = {
  one: runs('one', [5, 6, 7, 8, 9]),
  alike: runs('alike', [5.01, 5.98, 7.01, 7.98, 9.02]),
  worse: runs('worse', [6, 7, 8, 9, 10]),
};
const measures: Measures = { seen: 1000, distinct: 250, computed: 0.5, served: 0.75 };

function summariesOf(of: Study): ArmSummary[] {
  return summarise(
    of,
    ({ name }) => results[name]!,
    () => measures,
    stepsPerEpoch,
  );
}

const size = {
  ...{ text: 'Text', package: 'text@1.0.0', samples: 160, tokens: 9000 },
  ...{ stepsPerEpoch, heldOutSamples: 50, frequencies: { loss: 7.5, accuracy: 0.05 } },
};

describe('a report', () => {
  const summaries = summariesOf(study);
  const text = page(study, summaries, size, fullSetup);

  test('compares seeds pairwise: what all runs have in common does not hide a difference', () => {
    expect(text).toContain(
      '- **the worse** against the one: at the end the loss is higher (+1.000 ± 0.000 nats)',
    );
  });

  test('says where no difference could be shown', () => {
    expect(text).toContain(
      '- **the alike** against the one: at the end no difference could be shown (+0.000 ± 0.023 nats; the interval contains 0)',
    );
  });

  test('says which arms are worse than token frequencies', () => {
    expect(text).toContain('has a held-out loss of 7.500, and is right for 5.0 %');
    expect(text).toContain(
      'The best arm ends 0.500 nats below that. Not below it at the end: the worse.',
    );
  });

  test('has the best evaluation, and its step', () => {
    // t of 97.5 % with 4 degrees of freedom, 2.776445, times the standard error of 5 to 9, sqrt(2.5 / 5).
    expect(text).toContain('| 6.500 ± 1.963 (step 615) |');
  });

  test('takes the last epoch for the training loss, and the gap from it', () => {
    const worse = summaries.find(({ arm: { name } }) => name === 'worse')!;
    expect(worse.train.mean).toBe(4);
    expect(worse.gap.mean).toBe(4);
    expect(text).toContain('| 25.0 % | 4.000 ± 0.000 | 4.000 ± 1.963 |');
  });

  test('has no gap where the arms hide different shares', () => {
    const other = { ...study, arms: [arm('one'), arm('alike', 0.3), arm('worse', 0.4)] };
    const page30 = page(other, summariesOf(other), size, fullSetup);
    expect(page30).not.toMatch(/\bgap\b/i);
    expect(page30).toContain('| 25.0 % | 4.000 ± 0.000 |\n');
  });

  test('gives the share of distinct pairs, every plan and every digest', () => {
    expect(text).toContain('| 1,000 | 250 | 25.0 % | 0.500 |  | 0.750 | 1.00 % |');
    for (const run of Object.values(results).flat()) {
      expect(text).toContain(`| ${run.seed} | \`${run.planId}\` | \`${run.digest}\` |`);
    }
  });

  test('leaves nothing blank', () => {
    expect(text).not.toMatch(/undefined|NaN|Infinity|\[object/);
  });
});

describe('plots', () => {
  const colored = summariesOf(study).map((summary) => ({ ...summary, color: '#123456' }));
  test.each([
    ['loss', lossChart(study, colored, evalEvery), 6],
    ['held out', heldOutChart(study, colored), 3],
    ['best', bestChart(study, colored), 3],
    ['gap', gapChart(study, colored, stepsPerEpoch), 3],
  ])(
    '%s: has a name for each line, a title and a description, and no value that is none',
    (_, svg, lines) => {
      expect(svg).toContain('<title id="title">A study: ');
      expect(svg).toContain('<desc id="description">');
      expect(svg.match(/style="fill:#123456"/g)).toHaveLength(lines);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    },
  );

  test('a dot chart has a ring for each run and a dot for each mean', () => {
    const circles = heldOutChart(study, colored).match(/<circle [^>]*>/g)!;
    expect(circles.filter((circle) => circle.includes('r="4"'))).toHaveLength(3 * seeds.length);
    expect(circles.filter((circle) => circle.includes('r="6"'))).toHaveLength(3);
  });

  test('a line chart has a point for each evaluation', () => {
    const [line] = gapChart(study, colored, stepsPerEpoch).match(/d="M[^"]*" fill="none"/)!;
    expect(line.match(/[ML]/g)).toHaveLength(steps / evalEvery);
  });
});
