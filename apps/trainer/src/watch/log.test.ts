import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inFolder } from '../testing/in-folder.ts';
import { type LogEvent, openLog, stepsLogged } from './log.ts';

const step = (number: number): LogEvent => ({
  ...{ type: 'step', step: number, loss: 1, masked: 1, tokens: 1, seconds: 1, waiting: 0 },
  ...{ lr: 1, gradientNorm: 1 },
});
const start = (number: number): LogEvent => ({
  ...{ type: 'start', device: 'wasm', deviceReason: '', architecture: 'bert', parameters: 1 },
  ...{ vocab: 1, planId: '', seed: '1', step: number, steps: 5 },
});
const checkpoint = (number: number): LogEvent => ({
  ...{ type: 'checkpoint', step: number, folder: '' },
});

function write(path: string, events: readonly LogEvent[], from?: number): void {
  const log = openLog(path, from);
  for (const event of events) log.write(event);
  log.close();
}

async function read(path: string): Promise<LogEvent[]> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as LogEvent);
}

Deno.test('the log of a run that goes on is that of one run: what came after the checkpoint is gone', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, 'log.jsonl');
    const first = [start(0), step(0), step(1), checkpoint(2), step(2), step(3), checkpoint(4)];
    write(path, first);
    // A crash in the middle of a line.
    await Deno.writeTextFile(path, '{"type":"ste', { append: true });
    write(path, [start(2), step(2)], 2);
    assert.deepEqual(await read(path), [...first.slice(0, 4), start(2), step(2)]);
    assert.deepEqual(await readdir(folder), ['log.jsonl']);
  });
});

Deno.test('a new run writes a log anew; one that writes nothing leaves it', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, 'log.jsonl');
    write(path, [start(0), step(0)]);
    write(path, []);
    assert.equal((await read(path)).length, 2);
    write(path, [start(0)]);
    assert.deepEqual(await read(path), [start(0)]);
  });
});

Deno.test('a line that is broken is named, and the log stays', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, 'log.jsonl');
    const broken = `${JSON.stringify(start(0))}\n{"type":"st{"type":"step"}\n`;
    await Deno.writeTextFile(path, broken);
    assert.throws(() => write(path, [start(2)], 2), {
      code: 'LOG',
      message: /^Line 2 of the log .+ is no JSON \(.+\): mend or remove that line, or move/,
    });
    assert.equal(await readFile(path, 'utf8'), broken);
    assert.deepEqual(await readdir(folder), ['log.jsonl']);
  });
});

Deno.test('what is no log is not counted, but refused', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, 'log.jsonl');
    assert.equal(await stepsLogged(path), 0);
    write(path, [start(0), step(0), step(1)]);
    assert.equal(await stepsLogged(path), 2);
    const other = join(folder, 'precious.txt');
    await Deno.writeTextFile(other, 'gold');
    await assert.rejects(stepsLogged(other), {
      code: 'LOG',
      message: /precious\.txt is not the log of a run, and would be written over/,
    });
  });
});

Deno.test({
  name: 'a full disk is called that',
  ignore: Deno.build.os !== 'linux',
  fn() {
    assert.throws(() => write('/dev/full', [start(0)]), {
      code: 'LOG',
      message: /^Cannot write the log \/dev\/full \(.+\): the disk is full, free some of it$/,
    });
  },
});
