import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { python } from '../python.mjs';
import { run } from '../support/run.ts';

const trainer = fileURLToPath(new URL('../../apps/trainer', import.meta.url));
const deno = createRequire(join(trainer, 'package.json')).resolve('deno/bin.cjs');
const found = python();

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-tensorboard-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Logs the events of a run, in the runtime of the trainer. */
async function log(events: readonly object[]): Promise<void> {
  const script = `
    import { openTensorBoard } from ${JSON.stringify(join(trainer, 'src/watch/tensorboard.ts'))};
    const log = openTensorBoard(${JSON.stringify(folder)});
    for (const event of ${JSON.stringify(events)}) log.write(event);
    log.close();`;
  expect(await run(process.execPath, [deno, 'eval', script])).toMatchObject({ code: 0 });
}

const start = (step: number) => ({ type: 'start', step, steps: 20 });
const rates = { tokens: 1000, seconds: 0.5, waiting: 0.125, lr: 0.25, gradientNorm: 4 };
const step = (step: number, loss: number) => ({ type: 'step', step, loss, ...rates });
const evaluation = { type: 'eval', perplexity: 8, accuracy: 0.75 };

/** What TensorBoard reads of a tag: step and value. */
type Series = readonly (readonly [step: number, value: number])[];

interface Read {
  readonly scalars: Readonly<Record<string, Series>>;
  readonly other: readonly string[];
  readonly firstTime: number;
}

const readEvents = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
events.Reload()
tags = events.Tags()
print(json.dumps({
    "scalars": {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags["scalars"]},
    "other": [kind for kind, found in tags.items() if found and kind != "scalars"],
    "firstTime": events.FirstEventTimestamp(),
}))
`;

async function read(path: string): Promise<Read> {
  const { code, stdout, stderr } = await run(path, ['-c', readEvents, folder]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout) as Read;
}

describe("pip's tensorboard", () => {
  test('finds the tags, steps and values of a run', async ({ skip }) => {
    if (found.path === undefined) return skip(found.reason);
    const losses = { mlm: 6.5, sentenceOrder: 0.5 };
    const figures = { sentenceOrderAccuracy: 0.5 };
    const before = Date.now() / 1000;
    await log([
      start(0),
      { ...step(0, 8), losses },
      { ...step(1, 7), losses },
      { ...evaluation, step: 2, loss: 7.5, figures },
      { type: 'end', steps: 2 },
    ]);
    const { scalars, other, firstTime } = await read(found.path);
    expect(scalars).toEqual({
      'train/loss': [
        [1, 8],
        [2, 7],
      ],
      ...constant('train/mlm', 6.5),
      ...constant('train/sentenceOrder', 0.5),
      ...constant('train/learning_rate', 0.25),
      ...constant('train/gradient_norm', 4),
      ...constant('train/tokens_per_second', 2000),
      ...constant('train/waiting_share', 0.25),
      'eval/loss': [[2, 7.5]],
      'eval/perplexity': [[2, 8]],
      'eval/accuracy': [[2, 0.75]],
      'eval/sentenceOrderAccuracy': [[2, 0.5]],
    });
    expect(other).toEqual([]);
    expect(firstTime).toBeGreaterThanOrEqual(before);
    expect(firstTime).toBeLessThanOrEqual(Date.now() / 1000);
  });

  test('shows each step once where a run crashed and was resumed', async ({ skip }) => {
    if (found.path === undefined) return skip(found.reason);
    const losses = [9, 8.5, 8, 7.5, 7, 6.5];
    await log([
      start(0),
      ...losses.slice(0, 3).map((loss, at) => step(at, loss)),
      { ...evaluation, step: 3, loss: 8.25 },
      step(3, 100),
      step(4, 100),
    ]);
    // The last record is torn, as when the machine went down.
    const [name] = await readdir(folder);
    const file = join(folder, name!);
    await truncate(file, (await stat(file)).size - 5);
    await log([start(3), ...losses.slice(3).map((loss, at) => step(3 + at, loss))]);

    const { scalars } = await read(found.path);
    expect(scalars['train/loss']).toEqual(losses.map((loss, at) => [at + 1, loss]));
    expect(scalars['eval/loss']).toEqual([[3, 8.25]]);
  });
});

/** A tag that has the same value after both steps. */
function constant(tag: string, value: number): Record<string, Series> {
  return {
    [tag]: [
      [1, value],
      [2, value],
    ],
  };
}
