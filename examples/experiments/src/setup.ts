/** @file The sizes of the study: small enough for a whole one on two cores in about an hour. */

export const vocabSize = 2048;
export const maxLength = 64;
export const batch = 32;
export const steps = 1000;
export const evalEvery = 100;
export const seeds = ['1', '2', '3', '4', '5'];

/** The model and how it is trained, as options of `maskloom-train`. */
export const trainer = {
  architecture: 'bert',
  layers: 2,
  hidden: 64,
  heads: 2,
  dropout: 0,
  lr: 0.002,
  warmup: 100,
  schedule: 'linear',
  clip: 1,
} as const;

/** Every so many addresses one is trained on; half way between, one is held out. */
export const every = 48;
