import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCheckpoints } from '../checkpoint/checkpoints.ts';
import { checkpointContent } from '../testing/checkpoint-content.ts';
import { checkpointFolder } from './checkpoint-folder.ts';

/** The folder of a run with checkpoints after 1, 2 and 3 steps. */
async function withRun(best: number | undefined, use: (run: string) => Promise<void>) {
  const run = await mkdtemp(join(tmpdir(), 'maskloom-run-'));
  try {
    const checkpoints = await openCheckpoints(join(run, 'checkpoints'), { keep: 3 });
    for (const step of [1, 2, 3]) {
      await checkpoints.save(checkpointContent(step, { isBest: step === best }));
    }
    await use(run);
  } finally {
    await rm(run, { recursive: true });
  }
}

const step = (run: string, number: number) => join(run, 'checkpoints', `step-0000000${number}`);

Deno.test('the checkpoint of a run is its best, else its last', async () => {
  await withRun(2, async (run) => assert.equal(await checkpointFolder(run), step(run, 2)));
  await withRun(undefined, async (run) => assert.equal(await checkpointFolder(run), step(run, 3)));
});

Deno.test('a checkpoint whose state is damaged is passed over', async () => {
  await withRun(2, async (run) => {
    await writeFile(join(step(run, 2), 'state.json'), '{"version": 1');
    assert.equal(await checkpointFolder(run), step(run, 3));
  });
});

Deno.test('a folder with a model is taken as it is', async () => {
  await withRun(2, async (run) => {
    assert.equal(await checkpointFolder(step(run, 1)), step(run, 1));
  });
});

Deno.test('a folder without either is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'maskloom-run-'));
  try {
    await assert.rejects(
      checkpointFolder(folder),
      /There is no model in \S+, expected config.json/,
    );
    await assert.rejects(checkpointFolder(join(folder, 'none')), /There is no model in /);
    await mkdir(join(folder, 'checkpoints'));
    await assert.rejects(checkpointFolder(folder), /There is no model in /);
  } finally {
    await rm(folder, { recursive: true });
  }
});
