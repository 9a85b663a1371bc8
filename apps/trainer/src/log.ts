import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { TrainingError } from './errors.ts';

/** What a run writes to its log, one JSON object a line. */
export type LogEvent =
  | {
      readonly type: 'start';
      readonly device: string;
      readonly deviceReason: string;
      readonly parameters: number;
      readonly vocab: number;
      readonly planId: string;
      readonly seed: string;
    }
  | {
      readonly type: 'step';
      readonly step: number;
      /** Mean cross entropy of the masked positions before the update, in nats. */
      readonly loss: number;
      readonly masked: number;
      readonly tokens: number;
      /** Whole step, and how much of it was spent waiting for the batch. */
      readonly seconds: number;
      readonly waiting: number;
      readonly lr: number;
    }
  | {
      readonly type: 'eval';
      readonly step: number;
      readonly loss: number;
      readonly masked: number;
      readonly accuracy: number;
    }
  | {
      readonly type: 'end';
      readonly steps: number;
      /** The stream digest of all that was trained on. */
      readonly digest: string;
      readonly seconds: number;
    };

/** Where a run's events go. */
export interface Log {
  write(event: LogEvent): void;
  close(): void;
}

/**
 * Makes a log; without a path it writes nothing. The file is opened at the first event, so that a run that
 * does not begin leaves an older log as it is.
 *
 * @throws {TrainingError} from `write`, if the file cannot be written.
 */
export function openLog(path: string | undefined): Log {
  if (path === undefined) return { write() {}, close() {} };
  let file: number | undefined;
  function open(path: string): number {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, 'w');
  }
  return {
    write(event) {
      try {
        file ??= open(path);
        writeSync(file, `${JSON.stringify(event)}\n`);
      } catch (cause) {
        const problem = cause instanceof Error ? cause.message : String(cause);
        throw new TrainingError(
          'LOG',
          `Cannot write the log ${path} (${problem}): give --log a file this user may write`,
          { cause },
        );
      }
    },
    close() {
      if (file !== undefined) closeSync(file);
    },
  };
}
