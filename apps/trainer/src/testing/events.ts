import type { LogEventOf } from '../watch/log.ts';

/** Events of a run as it would log them, for the tests of logs. */
export const events = {
  start: (known: Partial<LogEventOf<'start'>> = {}): LogEventOf<'start'> => ({
    type: 'start',
    device: 'wasm',
    deviceReason: 'a test',
    architecture: 'bert',
    parameters: 1234,
    vocab: 8192,
    planId: 'ab'.repeat(32),
    seed: '42',
    step: 0,
    steps: 100,
    ...known,
  }),
  /** A step of 1000 tokens that takes half a second, a tenth of it waiting. */
  step: (
    step: number,
    loss: number,
    known: Partial<LogEventOf<'step'>> = {},
  ): LogEventOf<'step'> => ({
    type: 'step',
    step,
    loss,
    masked: 150,
    tokens: 1000,
    seconds: 0.5,
    waiting: 0.05,
    lr: 0.001,
    gradientNorm: 2,
    ...known,
  }),
  eval: (
    step: number,
    loss: number,
    known: Partial<LogEventOf<'eval'>> = {},
  ): LogEventOf<'eval'> => ({
    type: 'eval',
    step,
    loss,
    perplexity: Math.exp(loss),
    masked: 1500,
    accuracy: 0.25,
    isBest: true,
    ...known,
  }),
  end: (steps: number, known: Partial<LogEventOf<'end'>> = {}): LogEventOf<'end'> => ({
    type: 'end',
    steps,
    reason: 'steps',
    digest: 'cd'.repeat(32),
    seconds: 50,
    ...known,
  }),
};
