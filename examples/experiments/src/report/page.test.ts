import { describe, expect, test } from 'vitest';
import type { RunResult } from '../result.ts';
import { seeds, steps } from '../setup.ts';
import type { Arm, Study } from '../studies.ts';
import { summarise } from '../summary.ts';
import { gapChart, heldOutChart, lossChart } from './charts.ts';
import { page } from './page.ts';

const arm = (name: string): Arm => ({
  name,
  label: `the ${name}`,
  masks: { mode: 'dynamic', rate: 0.15 },
});

const study: Study = {
  ...{ name: 'a-study', title: 'A study', question: 'Which?', reference: 'one' },
  arms: [arm('one'), arm('alike'), arm('worse')],
};

/** An arm's runs: the seeds differ by much, the arms by `worse` and a little that goes both ways. */
function runs(name: string, worse: number): RunResult[] {
  return seeds.map((seed, index) => {
    const end = 5 + index + worse + (index % 2 === 0 ? 0.01 : -0.012) * (worse === 0 ? 1 : 0);
    return {
      ...{ arm: name, seed, planId: `plan-${name}-${seed}`, evalPlanId: 'held-out', digest: 'd' },
      losses: Array.from({ length: steps }, () => 4 + index),
      evaluations: [
        { step: steps / 2, loss: end - 0.5, accuracy: 0.1 },
        { step: steps, loss: end, accuracy: 0.2 },
      ],
      ...{ seconds: 100, waiting: 1, commit: 'abc', date: '2026-01-01', machine: 'm' },
    };
  });
}

const results: Record<string, RunResult[]> = {
  one: runs('one', 0).map((run, index) => ({
    ...run,
    evaluations: run.evaluations.map((e) => ({
      ...e,
      loss: Math.round(e.loss * 2) / 2 + 0 * index,
    })),
  })),
  alike: runs('alike', 0),
  worse: runs('worse', 1),
};
const measures = { seen: 1000, distinct: 250, milliseconds: 0.5 };
const arms = summarise(
  study,
  ({ name }) => results[name]!,
  () => measures,
  10,
);
const size = { text: 'Text', samples: 160, tokens: 9000, stepsPerEpoch: 10, heldOutSamples: 50 };

describe('a report', () => {
  const text = page(study, arms, size);

  test('compares seeds pairwise: what all runs have in common does not hide a difference', () => {
    expect(text).toContain(
      '- **the worse** against the one: at the end the loss is higher (+1.000 ± 0.000',
    );
  });

  test('says where no difference could be shown', () => {
    expect(text).toMatch(
      /- \*\*the alike\*\* against the one: at the end no difference could be shown/,
    );
  });

  test('gives the gap, the share of distinct pairs and every plan', () => {
    const worse = arms.find(({ arm: { name } }) => name === 'worse')!;
    expect(worse.gap.mean).toBeCloseTo(2, 10);
    expect(text).toContain('| 1,000 | 250 | 25.0 % |');
    for (const run of Object.values(results).flat()) expect(text).toContain(run.planId);
  });
});

describe('plots', () => {
  const colored = arms.map((summary) => ({ ...summary, color: '#123456' }));
  test.each([
    ['loss', lossChart(study, colored), 6],
    ['held out', heldOutChart(study, colored), 3],
    ['gap', gapChart(study, colored, 10), 3],
  ])(
    '%s: has a name for each line, a title and a description, and no value that is none',
    (_, svg, lines) => {
      expect(svg).toContain('<title id="title">A study: ');
      expect(svg).toContain('<desc id="description">');
      expect(svg.match(/style="fill:#123456"/g)).toHaveLength(lines);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    },
  );
});
