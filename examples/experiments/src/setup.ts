/** @file The sizes of the studies: all of them take two cores about half an hour. */

export const vocabSize = 2048;
export const maxLength = 64;
export const batch = 16;
/** 30 epochs. */
export const steps = 1230;
export const evalEvery = 123;
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
export const every = 60;
