import { expect, test } from 'vitest';
import { mean, parseTrainLog, smooth } from './train-log.ts';

const start = {
  type: 'start',
  device: 'wasm',
  deviceReason: '',
  parameters: 1,
  vocab: 10,
  planId: 'a',
};
const step = (number: number, loss: number) => ({ type: 'step', step: number, loss });
const end = { type: 'end', steps: 2, digest: 'd', seconds: 1 };
const lines = (...records: unknown[]) =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');

test('parseTrainLog() sorts the records by what they are', () => {
  const evaluation = { type: 'eval', step: 2, loss: 1.5, accuracy: 0 };
  expect(parseTrainLog(lines(start, step(0, 2), step(1, 1), evaluation, end), 2)).toEqual({
    start,
    steps: [step(0, 2), step(1, 1)],
    evaluations: [evaluation],
    end,
  });
});

test('parseTrainLog() refuses a log that is not whole', () => {
  expect(() => parseTrainLog(lines(start, step(0, 2), end), 2)).toThrow('has 1 of 2 steps');
  expect(() => parseTrainLog(lines(start, step(0, 2), step(1, 1)), 2)).toThrow('no end');
  expect(() => parseTrainLog('', 2)).toThrow('has 0 of 2 steps, no start, no end');
});

test('parseTrainLog() refuses a loss that no training has', () => {
  for (const loss of [0, -1, null]) {
    expect(() => parseTrainLog(lines(start, step(0, 2), { ...step(1, 1), loss }, end), 2)).toThrow(
      `The loss of step 1 is ${loss}`,
    );
  }
});

test('mean() and smooth()', () => {
  expect(mean([1, 2, 6])).toBe(3);
  expect(smooth([1, 2, 3, 4, 5, 6], 2)).toEqual([1, 1.5, 2.5, 3.5, 4.5, 5.5]);
  expect(smooth([4, 4, 4], 20)).toEqual([4, 4, 4]);
});
