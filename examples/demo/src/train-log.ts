import { DemoError } from './errors.ts';

export interface Start {
  readonly type: 'start';
  readonly device: string;
  readonly deviceReason: string;
  readonly parameters: number;
  readonly vocab: number;
  readonly planId: string;
}

export interface Step {
  readonly type: 'step';
  readonly step: number;
  /** Mean cross-entropy of the selected tokens, in nats. */
  readonly loss: number;
  /** Tokens selected. */
  readonly masked: number;
  readonly tokens: number;
  readonly seconds: number;
  /** Seconds of those spent waiting for data. */
  readonly waiting: number;
}

export interface Evaluation {
  readonly type: 'eval';
  /** Steps trained so far. */
  readonly step: number;
  readonly loss: number;
  /** Share of the selected tokens predicted, from 0 to 1. */
  readonly accuracy: number;
}

export interface End {
  readonly type: 'end';
  readonly steps: number;
  /** The stream digest, hexadecimal. */
  readonly digest: string;
  readonly seconds: number;
}

/** What the trainer logged. */
export interface TrainLog {
  readonly start: Start;
  readonly steps: readonly Step[];
  readonly evaluations: readonly Evaluation[];
  readonly end: End;
}

/**
 * Reads the trainer's log: a JSON object a line.
 *
 * @throws {DemoError} with code `OUTPUT` if it is not the whole log of a run of `steps` steps.
 */
export function parseTrainLog(text: string, steps: number): TrainLog {
  const records = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Start | Step | Evaluation | End);
  const start = records.find((record) => record.type === 'start');
  const end = records.find((record) => record.type === 'end');
  const log = records.filter((record) => record.type === 'step');
  if (start === undefined || end === undefined || log.length !== steps) {
    throw new DemoError(
      'OUTPUT',
      `The trainer's log has ${log.length} of ${steps} steps${start ? '' : ', no start'}${end ? '' : ', no end'}`,
    );
  }
  const broken = log.find(({ loss }) => !(loss > 0 && Number.isFinite(loss)));
  if (broken !== undefined) {
    throw new DemoError('OUTPUT', `The loss of step ${broken.step} is ${broken.loss}`);
  }
  return {
    start,
    end,
    steps: log,
    evaluations: records.filter(({ type }) => type === 'eval') as Evaluation[],
  };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The mean of the `window` values around each; of fewer at the ends. */
export function smooth(values: readonly number[], window: number): number[] {
  const sums = [0];
  for (const value of values) sums.push(sums.at(-1)! + value);
  return values.map((_, index) => {
    const from = Math.max(0, index - Math.floor(window / 2));
    const to = Math.min(values.length, index + Math.ceil(window / 2));
    return (sums[to]! - sums[from]!) / (to - from);
  });
}
