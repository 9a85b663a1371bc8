import assert from 'node:assert/strict';
import { events } from '../../../testing/events.ts';
import { createHistory } from './history.ts';

Deno.test('a long run takes bounded memory, and its sums are those of all its steps', () => {
  const history = createHistory();
  const steps = 50_000;
  history.write(events.start({ steps }));
  for (let step = 0; step < steps; step++) {
    history.write(events.step(step, 5));
    if (step % 10 === 9) history.write(events.eval(step + 1, 6, { isBest: step === 9 }));
  }
  const run = history.run()!;
  assert.ok(run.spans.length <= 1024 && run.evaluations.length <= 1024);
  assert.equal(
    run.spans.reduce((sum, span) => sum + span.steps, 0),
    steps,
  );
  assert.deepEqual(run.total, {
    ...{ steps, done: steps, loss: 5 * steps, tokens: 1000 * steps, lr: run.total!.lr },
    ...{ seconds: 0.5 * steps, waiting: run.total!.waiting, gradientNorm: 2 * steps },
  });
  assert.deepEqual([run.evaluations.at(-1)?.step, run.best?.step], [steps, 10]);
});

Deno.test('the latest figures are those of the last twenty steps', () => {
  const history = createHistory();
  history.write(events.start());
  for (let step = 0; step < 30; step++) history.write(events.step(step, step < 10 ? 9 : 5));
  const { recent, done, lastStep } = history.run()!;
  assert.deepEqual([recent!.steps, recent!.loss, done, lastStep!.step], [20, 100, 30, 29]);
});

Deno.test('a resumed run has done the steps before it, and what is before a start is nothing', () => {
  const history = createHistory();
  history.write(events.step(3, 9));
  assert.equal(history.run(), undefined);
  history.write(events.start({ step: 70 }));
  assert.equal(history.run()!.done, 70);
  history.write(events.step(70, 4));
  assert.deepEqual([history.run()!.done, history.run()!.spans.length], [71, 1]);
});
