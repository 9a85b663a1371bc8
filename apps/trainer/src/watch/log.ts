import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TrainingError } from '../errors.ts';
import { fileProblem } from '../file-problem.ts';

/** What a run tells of itself, one JSON object a line in its log. */
export type LogEvent =
  | {
      readonly type: 'start';
      readonly device: string;
      readonly deviceReason: string;
      /** Such as `bert` or `electra`. */
      readonly architecture: string;
      readonly parameters: number;
      readonly vocab: number;
      readonly planId: string;
      readonly seed: string;
      /** Steps already done, in a run that is resumed. */
      readonly step: number;
      /** Steps there will be. */
      readonly steps: number;
    }
  | {
      readonly type: 'step';
      /** Counts from 0. */
      readonly step: number;
      /** What is minimised, before the update: of an MLM, the masked positions' mean cross entropy in nats. */
      readonly loss: number;
      /** The parts of the loss by name, where there are several, such as `mlm` and `sentenceOrder`. */
      readonly losses?: Readonly<Record<string, number>>;
      readonly masked: number;
      readonly tokens: number;
      /** Whole step, and how much of it was spent waiting for the batch. */
      readonly seconds: number;
      readonly waiting: number;
      readonly lr: number;
      /** Euclidean norm of the gradient, before it is clipped. */
      readonly gradientNorm: number;
    }
  | {
      readonly type: 'eval';
      /** Steps done. */
      readonly step: number;
      readonly loss: number;
      /** e to the power of the masked positions' mean cross entropy. */
      readonly perplexity: number;
      readonly masked: number;
      /** Share of the masked positions whose most likely id is the original. */
      readonly accuracy: number;
      /** Further figures by name, such as `sentenceOrderAccuracy`. */
      readonly figures?: Readonly<Record<string, number>>;
      readonly isBest: boolean;
    }
  | {
      readonly type: 'checkpoint';
      /** Steps done. */
      readonly step: number;
      readonly folder: string;
    }
  | {
      readonly type: 'end';
      /** Steps done. */
      readonly steps: number;
      readonly reason: EndReason;
      /** The stream digest of all that was trained on. */
      readonly digest: string;
      readonly seconds: number;
    };

/** Why a run ended: all steps are done, no evaluation was better for a while, or it was stopped from outside. */
export type EndReason = 'steps' | 'early-stop' | 'stopped';

/** The events of one type, such as `LogEventOf<'step'>`. */
export type LogEventOf<Type extends LogEvent['type']> = Extract<LogEvent, { readonly type: Type }>;

/** Where a run's events go. */
export interface Log {
  write(event: LogEvent): void;
  close(): void;
}

/** A log that nobody reads. */
export const silentLog: Log = { write() {}, close() {} };

/**
 * Makes a log; without a path it writes nothing. The file is opened at the first event, so that a run that
 * does not begin leaves an older log as it is.
 *
 * @param step at which the run goes on: an older log is kept up to there
 * @throws {TrainingError} from `write`, if the file cannot be written.
 */
export function openLog(path: string | undefined, step = 0): Log {
  if (path === undefined) return silentLog;
  let file: number | undefined;
  function open(path: string): number {
    mkdirSync(dirname(path), { recursive: true });
    if (step === 0 || !existsSync(path)) return openSync(path, 'w');
    const draft = `${path}.tmp-${process.pid}`;
    writeFileSync(draft, linesBefore(path, step));
    renameSync(draft, path);
    return openSync(path, 'a');
  }
  return {
    write(event) {
      try {
        file ??= open(path);
        writeSync(file, `${JSON.stringify(event)}\n`);
      } catch (cause) {
        if (cause instanceof TrainingError) throw cause;
        const advice = 'give --log a file this user may write';
        const problem = fileProblem('write', `the log ${path}`, cause, advice);
        throw new TrainingError('LOG', problem, { cause });
      }
    },
    close() {
      if (file !== undefined) closeSync(file);
    },
  };
}

/**
 * Steps that the log of an earlier run has; 0 if there is no log.
 *
 * @throws {TrainingError} if the file is something else, which would be written over.
 */
export async function stepsLogged(path: string): Promise<number> {
  const log = await readFile(path, 'utf8').catch(() => '');
  if (log !== '' && !log.startsWith('{"type":"start"')) {
    throw new TrainingError(
      'LOG',
      `${path} is not the log of a run, and would be written over: give --log another file`,
    );
  }
  return log.split('\n').filter((line) => line.startsWith('{"type":"step"')).length;
}

/** Lines of a log up to where a step begins; a line that a crash cut short is none. */
function linesBefore(path: string, step: number): string {
  const whole = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  const kept = whole.filter((line, index) => {
    const event = parseLine(path, line, index + 1);
    if (event.type === 'start') return event.step < step || event.step === 0;
    if (event.type === 'end') return false;
    return event.type === 'step' ? event.step < step : event.step <= step;
  });
  return kept.map((line) => `${line}\n`).join('');
}

function parseLine(path: string, line: string, number: number): LogEvent {
  try {
    return JSON.parse(line) as LogEvent;
  } catch (cause) {
    throw new TrainingError(
      'LOG',
      `Line ${number} of the log ${path} is no JSON (${(cause as Error).message}): mend or remove that line, or move the file away to go on with a new one`,
      { cause },
    );
  }
}
