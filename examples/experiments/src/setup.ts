/** All sizes of a set of studies. Results are found again by it: whatever it says is the same in all of them. */
export interface Setup {
  /** Samples of a step. */
  readonly batch: number;
  /** Steps between evaluations. */
  readonly evalEvery: number;
  /** Every so many addresses one is trained on; half way between, one is held out. */
  readonly every: number;
  readonly maxLength: number;
  readonly seeds: readonly string[];
  readonly steps: number;
  /** The model and how it is trained, as options of `maskloom-train`. */
  readonly trainer: Readonly<Record<string, string | number>>;
  readonly vocabSize: number;
}

/** The studies whose reports are committed: 30 epochs a run, all runs in three quarters of an hour on two cores. */
export const fullSetup: Setup = {
  batch: 16,
  evalEvery: 123,
  every: 60,
  maxLength: 64,
  seeds: ['1', '2', '3', '4', '5'],
  steps: 1230,
  trainer: {
    architecture: 'bert',
    layers: 2,
    hidden: 64,
    heads: 2,
    dropout: 0,
    lr: 0.002,
    warmup: 100,
    schedule: 'linear',
    clip: 1,
  },
  vocabSize: 2048,
};

/** A few seconds a run: shows that all works, and nothing else. */
export const quickSetup: Setup = {
  ...fullSetup,
  ...{ evalEvery: 3, seeds: ['1', '2'], steps: 6 },
  trainer: { ...fullSetup.trainer, warmup: 2 },
};
