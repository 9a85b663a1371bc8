import assert from 'node:assert/strict';
import { events } from '../../../testing/events.ts';
import type { LogEvent } from '../../log.ts';
import { createHistory } from '../history/history.ts';
import { renderViews, type Views } from './views.ts';

function render(written: readonly LogEvent[], isOver = false): Views {
  const history = createHistory();
  for (const event of written) history.write(event);
  return renderViews(history.run(), isOver);
}

const text = (views: Views): string => Object.values(views).join('\n');

Deno.test('what a run tells stands in the page as text, never as markup', () => {
  const evil = '<img src=x onerror="alert(1)">';
  const known = { device: evil, deviceReason: evil, architecture: evil, planId: evil, seed: evil };
  const views = render([
    events.start(known),
    events.step(0, 9, { losses: { [evil]: 1 } }),
    events.eval(1, 9, { figures: { [evil]: 1 } }),
    { type: 'checkpoint', step: 1, folder: evil },
    events.end(1, { digest: evil }),
  ]);
  assert.ok(!text(views).includes('<img'));
  // Title, headline, five facts, two figures' names, checkpoint and digest.
  assert.ok(text(views).split('&lt;img src=x onerror=&quot;').length > 10);
});

Deno.test('numbers that are none leave the drawing whole', () => {
  const views = render([
    events.start(),
    events.step(0, 9),
    events.step(1, Number.NaN, { gradientNorm: Number.POSITIVE_INFINITY }),
    events.step(2, 8, { seconds: 0 }),
    events.eval(3, 1000, { perplexity: Number.POSITIVE_INFINITY }),
  ]);
  for (const chart of ['loss', 'gradient-norm', 'throughput'] as const) {
    assert.doesNotMatch(views[chart].replace(/<desc.*?<\/desc>/, ''), /NaN|Infinity|undefined/);
  }
  assert.equal(views.loss.match(/class="faint"[^>]* d="([^"]*)"/)?.[1]?.match(/[ML]/g)?.length, 2);
});

Deno.test('before its first step a run shows what is known of it', () => {
  const views = render([events.start({ step: 40 })]);
  assert.match(views.progress, /step 40 of 100 · 40\u00a0%/);
  assert.match(views.facts, /after step 40/);
  assert.doesNotMatch(text(views), /NaN|Infinity|undefined/);
  assert.equal(render([]).state, 'not started yet');
});

Deno.test('the state tells how a run ended', () => {
  const run = [events.start(), events.step(0, 9)];
  assert.equal(render(run).state, 'training');
  assert.equal(render([...run, events.end(1)]).state, 'finished');
  assert.equal(
    render([...run, events.end(1, { reason: 'early-stop' })], true).state,
    'stopped early',
  );
  assert.equal(render(run, true).state, 'ended before its last step');
});

Deno.test('a long run is a table of few rows, which together hold all steps', () => {
  const steps = Array.from({ length: 5000 }, (_, step) => events.step(step, 5));
  const views = render([events.start({ steps: 5000 }), ...steps]);
  const ranges = [...views.steps.matchAll(/<th scope="row">([\d,]+)–([\d,]+)</g)].map((match) =>
    match.slice(1).map((text) => Number(text!.replaceAll(',', ''))),
  );
  assert.ok(ranges.length > 10 && ranges.length <= 40);
  assert.deepEqual([ranges[0]![1], ranges.at(-1)![0]], [5000, 1]);
  ranges.slice(1).forEach(([, last], index) => {
    assert.equal(last, ranges[index]![0]! - 1);
  });
});
