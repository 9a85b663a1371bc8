import type { LogEventOf } from './log.ts';
import { stepRates } from './step-rates.ts';

/** What the progress of a run says of a step, such as `loss 6.287  0.17 s a step  7,400 tokens/s`. */
export function stepNote(step: LogEventOf<'step'>): string {
  const rate = Math.round(stepRates(step).tokensPerSecond).toLocaleString('en');
  return `loss ${step.loss.toFixed(3)}  ${step.seconds.toFixed(2)} s a step  ${rate} tokens/s`;
}
