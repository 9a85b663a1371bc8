import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkpointContent } from '../testing/checkpoint-content.ts';
import { checkpointFolder } from './checkpoint-folder.ts';
import { openCheckpoints } from './checkpoints.ts';

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
  await withRun(2, async (run) =>
    assert.equal(await checkpointFolder(run, '--checkpoint'), step(run, 2)),
  );
  await withRun(undefined, async (run) =>
    assert.equal(await checkpointFolder(run, '--checkpoint'), step(run, 3)),
  );
});

Deno.test('a checkpoint whose state is damaged is passed over', async () => {
  await withRun(2, async (run) => {
    await writeFile(join(step(run, 2), 'state.json'), '{"version": 1');
    assert.equal(await checkpointFolder(run, '--checkpoint'), step(run, 3));
  });
});

Deno.test('a folder with a model is taken as it is', async () => {
  await withRun(2, async (run) => {
    assert.equal(await checkpointFolder(step(run, 1), '--checkpoint'), step(run, 1));
  });
});

Deno.test('a folder that is neither is refused, saying what it has', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'maskloom-run-'));
  const refused = (given: string, found: RegExp) =>
    assert.rejects(checkpointFolder(given, '--checkpoint'), ({ message }: Error) => {
      assert.match(message, / is not a checkpoint of a run nor an exported model: /);
      assert.match(message, /, expected config\.json and model\.safetensors, or checkpoints\//);
      assert.match(message, found);
      return true;
    });
  try {
    await refused(join(folder, 'none'), /there is no such folder, /);
    await refused(folder, /it is empty, /);
    await writeFile(join(folder, 'config.json'), '{}');
    await mkdir(join(folder, 'checkpoints'));
    await refused(folder, /it has checkpoints, config\.json, /);
    await refused(join(folder, 'config.json'), /it is no folder, /);
    for (let index = 0; index < 10; index++) await writeFile(join(folder, `notes-${index}`), '');
    await refused(folder, /notes-5 and 4 more, /);
  } finally {
    await rm(folder, { recursive: true });
  }
});
