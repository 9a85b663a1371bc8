import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { events } from '../testing/events.ts';
import { openProgress, type Progress } from './progress.ts';
import { stepNote } from './step-note.ts';

interface Shown {
  readonly progress: Progress;
  /** Lets seconds pass, by the clock that the progress goes by. */
  advance(seconds: number): void;
  /** What was printed so far. */
  text(): string;
}

function show(total: number, done: number, isTTY: boolean): Shown {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100 });
  let text = '';
  stream.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  let at = 0;
  return {
    progress: openProgress(total, done, { stream, now: () => at }),
    advance: (seconds) => {
      at += seconds * 1000;
    },
    text: () => {
      text += stream.read() ?? '';
      return text;
    },
  };
}

Deno.test('without a terminal there is a line every few seconds, and one at the last step', () => {
  const { progress, advance, text } = show(100, 0, false);
  for (let done = 1; done <= 100; done++) {
    advance(0.25);
    progress.update(done, stepNote(events.step(done - 1, 9 - done / 100)));
  }
  progress.stop();
  assert.deepEqual(text().split('\n'), [
    'step 1/100  loss 8.990  0.50 s a step  2,000 tokens/s',
    'step 21/100  loss 8.790  0.50 s a step  2,000 tokens/s  20 s left',
    'step 41/100  loss 8.590  0.50 s a step  2,000 tokens/s  15 s left',
    'step 61/100  loss 8.390  0.50 s a step  2,000 tokens/s  10 s left',
    'step 81/100  loss 8.190  0.50 s a step  2,000 tokens/s  5 s left',
    'step 100/100  loss 8.000  0.50 s a step  2,000 tokens/s',
    '',
  ]);
});

Deno.test('a run that stops early shows its last step, once', () => {
  const { progress, advance, text } = show(1000, 0, false);
  for (let done = 1; done <= 3; done++) {
    advance(1);
    progress.update(done, 'loss 5');
  }
  progress.line('held out after 3 steps: loss 6');
  progress.stop();
  progress.stop();
  assert.deepEqual(text().split('\n'), [
    'step 1/1000  loss 5',
    'held out after 3 steps: loss 6',
    'step 3/1000  loss 5  16 min left',
    '',
  ]);
});

Deno.test('a resumed run goes on from where it was, at its own pace', () => {
  const { progress, advance, text } = show(1000, 900, false);
  for (const done of [901, 902]) {
    advance(6);
    progress.update(done, 'loss 5');
  }
  assert.equal(text(), 'step 901/1000  loss 5\nstep 902/1000  loss 5  9 min 48 s left\n');
});

Deno.test('on a terminal there is a bar, with the time left before what may be cut', async () => {
  const { progress, advance, text } = show(1000, 500, true);
  try {
    assert.match(text(), /train █{10}░{10} 500\/1000/);
    for (const done of [501, 502]) {
      advance(6);
      progress.update(done, 'loss 5');
    }
    progress.line('held out after 502 steps: loss 6');
  } finally {
    progress.stop();
  }
  const after = text().slice(text().indexOf('held out'));
  assert.match(after, /^held out after 502 steps: loss 6\n.*502\/1000 {2}49 min left {2}loss 5/s);
});
