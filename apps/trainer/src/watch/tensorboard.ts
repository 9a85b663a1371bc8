import { closeSync, mkdirSync, openSync, readdirSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { TrainingError } from '../errors.ts';
import type { Log, LogEventOf } from './log.ts';
import { stepRates } from './step-rates.ts';
import { type EventContent, eventMessage } from './tensorboard/event-message.ts';
import { frameRecord } from './tensorboard/tfrecord.ts';

/**
 * Makes a log that TensorBoard shows: a file `events.out.tfevents.<seconds>.<host>` in the folder, opened at
 * the run's first event. A run that is resumed opens one more in the same folder; TensorBoard joins them and
 * drops what a run that crashed had written of the steps that are done again.
 *
 * All scalars stand at the number of steps done, so that a training loss and the held-out loss after the same
 * step stand at one place. Tags are `train/loss`, `train/<part of the loss>`, `train/learning_rate`,
 * `train/gradient_norm`, `train/tokens_per_second`, `train/waiting_share`; `eval/loss`, `eval/perplexity`,
 * `eval/accuracy` and `eval/<figure>`.
 *
 * @throws {TrainingError} from `write`, if the file cannot be written.
 */
export function openTensorBoard(folder: string): Log {
  let file: number | undefined;
  function append(step: number, content: EventContent): void {
    file ??= openFile(folder);
    writeWhole(file, frameRecord(eventMessage(Date.now() / 1000, step, content)));
  }
  return {
    write(event) {
      try {
        if (event.type === 'start') {
          append(0, { type: 'version' });
          append(event.step + 1, { type: 'session-start' });
        } else if (event.type === 'step') {
          append(event.step + 1, { type: 'scalars', values: stepScalars(event) });
        } else if (event.type === 'eval') {
          append(event.step, { type: 'scalars', values: evalScalars(event) });
        }
      } catch (cause) {
        const problem = cause instanceof Error ? cause.message : String(cause);
        throw new TrainingError(
          'LOG',
          `Cannot write TensorBoard's events to ${folder} (${problem}): give --tensorboard a folder this user may write, on a disk with room`,
          { cause },
        );
      }
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

/** Opens a file whose name comes after those in the folder: TensorBoard reads them in the order of their names. */
function openFile(folder: string): number {
  mkdirSync(folder, { recursive: true });
  const earlier = readdirSync(folder).map((name) =>
    Number(/tfevents\.(\d+)\./.exec(name)?.[1] ?? 0),
  );
  const seconds = Math.max(Math.floor(Date.now() / 1000), ...earlier.map((second) => second + 1));
  return openSync(join(folder, `events.out.tfevents.${seconds}.${hostname()}`), 'wx');
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(file, bytes, written, bytes.length - written);
  }
}

function stepScalars(event: LogEventOf<'step'>): Record<string, number> {
  const { tokensPerSecond, waitingShare } = stepRates(event);
  return {
    'train/loss': event.loss,
    ...tagged('train', event.losses),
    'train/learning_rate': event.lr,
    'train/gradient_norm': event.gradientNorm,
    'train/tokens_per_second': tokensPerSecond,
    'train/waiting_share': waitingShare,
  };
}

function evalScalars(event: LogEventOf<'eval'>): Record<string, number> {
  return {
    'eval/loss': event.loss,
    'eval/perplexity': event.perplexity,
    'eval/accuracy': event.accuracy,
    ...tagged('eval', event.figures),
  };
}

function tagged(group: string, values: Readonly<Record<string, number>> = {}) {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`${group}/${name}`, value]),
  );
}
