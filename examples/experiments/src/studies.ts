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
  /** What a reader has to keep in mind. */
  readonly note: string;
}

/** Whether all arms hide as much, in the same way: only then do their training losses compare. */
export function hidesAlike({ arms }: Study): boolean {
  const kinds = arms.map(({ masks: { rate, strategy } }) => JSON.stringify([rate, strategy]));
  return new Set(kinds).size === 1;
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
    note: 'The text is small on purpose: what repetition does is to be seen. On a text that comes back less often it does less. With the same seed, copy j of static masking is epoch j of dynamic masking: until its last copy was seen, a static run is the dynamic run, and only what comes after can differ.',
  },
  {
    name: 'mask-rate',
    title: 'How much to mask: 15, 30 or 40 %',
    question:
      'A higher rate gives more to predict in each pass, and less to predict it from. Which is better here?',
    arms: [{ ...dynamic, label: '15 % of tokens' }, atRate(30), atRate(40)],
    reference: 'dynamic',
    note: 'The test hides 15 % of the tokens, as the first arm does: what an arm learns for inputs with more holes than that is not tested.',
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
    note: 'The test hides tokens one by one, as the first arm does: that whole words and spans are harder to guess, and what is learnt by it, is not tested.',
  },
];
