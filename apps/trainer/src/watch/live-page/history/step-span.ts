import type { LogEventOf } from '../../log.ts';
import { type StepRates, stepRates } from '../../step-rates.ts';

/** What consecutive steps came to, as sums: neighbours can be joined. */
export interface StepSpan {
  readonly steps: number;
  /** Steps of the run that were done after the last of them. */
  readonly done: number;
  readonly loss: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly waiting: number;
  readonly lr: number;
  readonly gradientNorm: number;
}

/** The means of a span's steps. */
export interface StepMeans extends StepRates {
  readonly loss: number;
  readonly lr: number;
  readonly gradientNorm: number;
}

export function spanOf(event: LogEventOf<'step'>): StepSpan {
  const { step, loss, tokens, seconds, waiting, lr, gradientNorm } = event;
  return { steps: 1, done: step + 1, loss, tokens, seconds, waiting, lr, gradientNorm };
}

export function joinSpans(older: StepSpan, newer: StepSpan): StepSpan {
  return {
    steps: older.steps + newer.steps,
    done: newer.done,
    loss: older.loss + newer.loss,
    tokens: older.tokens + newer.tokens,
    seconds: older.seconds + newer.seconds,
    waiting: older.waiting + newer.waiting,
    lr: older.lr + newer.lr,
    gradientNorm: older.gradientNorm + newer.gradientNorm,
  };
}

export function meansOf(span: StepSpan): StepMeans {
  return {
    ...stepRates(span),
    loss: span.loss / span.steps,
    lr: span.lr / span.steps,
    gradientNorm: span.gradientNorm / span.steps,
  };
}
