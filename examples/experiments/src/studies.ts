import type { PlanOptions } from '@maskloom/demo';

/** One way of masking that a study compares. */
export interface Arm {
  readonly name: string;
  /** As tables and plots name it. */
  readonly label: string;
  readonly masks: Omit<PlanOptions, 'seed' | 'batch'>;
}

/** A question, and the arms that answer it. All arms have the same model, data and seeds. */
export interface Study {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  readonly arms: readonly Arm[];
  /** Name of the arm that the others are compared with. */
  readonly reference: string;
}

const dynamic: Arm = {
  name: 'dynamic',
  label: 'dynamic, 15 % of tokens',
  masks: { mode: 'dynamic', rate: 0.15 },
};

const fixed = (copies: number): Arm => ({
  name: `static-${copies}`,
  label: copies === 1 ? 'static, 1 copy' : `static, ${copies} copies`,
  masks: { mode: 'static', copies, rate: 0.15 },
});

const atRate = (percent: number): Arm => ({
  name: `rate-${percent}`,
  label: `${percent} % of tokens`,
  masks: { mode: 'dynamic', rate: percent / 100 },
});

const byStrategy = (strategy: string, label: string): Arm => ({
  name: strategy,
  label,
  masks: { mode: 'dynamic', rate: 0.15, strategy },
});

export const studies: readonly Study[] = [
  {
    name: 'static-vs-dynamic',
    title: 'Static against dynamic masking',
    question:
      'A text is seen many times in a run. Does it matter whether the same tokens are hidden each time?',
    arms: [{ ...dynamic, label: 'dynamic' }, fixed(10), fixed(1)],
    reference: 'dynamic',
  },
  {
    name: 'mask-rate',
    title: 'How much to mask: 15, 30 or 40 %',
    question:
      'A higher rate gives more to predict in each pass, and less to predict it from. Which is better here?',
    arms: [{ ...dynamic, label: '15 % of tokens' }, atRate(30), atRate(40)],
    reference: 'dynamic',
  },
  {
    name: 'strategies',
    title: 'What to mask: tokens, whole words or spans',
    question: 'Does it help to hide whole words or spans, instead of tokens one by one?',
    arms: [
      { ...dynamic, label: 'tokens' },
      byStrategy('bert-whole-word', 'whole words'),
      byStrategy('spanbert', 'spans'),
    ],
    reference: 'dynamic',
  },
];
