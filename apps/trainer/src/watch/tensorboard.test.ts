import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { events } from '../testing/events.ts';
import { inFolder } from '../testing/in-folder.ts';
import { openTensorBoard } from './tensorboard.ts';

Deno.test('a run that does not begin leaves no file', () =>
  inFolder(async (folder) => {
    openTensorBoard(join(folder, 'tensorboard')).close();
    assert.deepEqual(await readdir(folder), []);
  }));

Deno.test('each event is in the file once write() has returned', () =>
  inFolder(async (folder) => {
    const log = openTensorBoard(folder);
    log.write(events.start());
    const [name] = await readdir(folder);
    const before = await readFile(join(folder, name!));
    log.write(events.step(0, 8.5));
    const after = await readFile(join(folder, name!));
    log.close();
    assert.deepEqual(after.subarray(0, before.length), before);
    assert.ok(after.includes('train/loss'));
  }));

Deno.test('a file comes after those that are there, whatever the clock says', () =>
  inFolder(async (folder) => {
    const ahead = Math.floor(Date.now() / 1000) + 1000;
    await writeFile(join(folder, `events.out.tfevents.${ahead}.another`), '');
    for (const step of [0, 10]) {
      const log = openTensorBoard(folder);
      log.write(events.start({ step }));
      log.close();
    }
    assert.deepEqual((await readdir(folder)).toSorted(), [
      `events.out.tfevents.${ahead}.another`,
      `events.out.tfevents.${ahead + 1}.${hostname()}`,
      `events.out.tfevents.${ahead + 2}.${hostname()}`,
    ]);
  }));

Deno.test('a folder that cannot be written ends in an error that says so', () =>
  inFolder(async (folder) => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    assert.throws(() => openTensorBoard(join(file, 'tensorboard')).write(events.start()), {
      name: 'TrainingError',
      code: 'LOG',
      message:
        /^Cannot write TensorBoard's events to .*\/file\/tensorboard \(.*\): give --tensorboard /,
    });
  }));
