import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ArgumentError } from '@maskloom/core';
import { TrainingError } from '../errors.ts';
import { checkpointContent } from '../testing/checkpoint-content.ts';
import { inFolder } from '../testing/in-folder.ts';
import { openCheckpoints } from './checkpoints.ts';

/** Runs a test in a folder of its own. */
function testFolder(name: string, run: (folder: string) => Promise<void>): void {
  Deno.test(name, () => inFolder(run));
}

const names = async (folder: string): Promise<string[]> => (await readdir(folder)).sort();

async function saveAll(folder: string, steps: readonly number[], { keep = 9, best = 0 } = {}) {
  const checkpoints = await openCheckpoints(folder, { keep });
  for (const step of steps) {
    await checkpoints.save(checkpointContent(step, { isBest: step === best }));
  }
  return checkpoints;
}

async function refusal(action: Promise<unknown>): Promise<string> {
  const error = await action.then(
    () => assert.fail('nothing was thrown'),
    (thrown) => thrown,
  );
  assert.ok(error instanceof TrainingError, String(error));
  assert.equal(error.code, 'CHECKPOINT');
  return error.message;
}

/** An id that no process has: Linux gives none above 2^22. */
const deadPid = 2 ** 22 + 1;

testFolder('a checkpoint comes back as it was saved', async (folder) => {
  const checkpoints = await openCheckpoints(folder, { keep: 3 });
  assert.equal(await checkpoints.latest(), undefined);
  assert.equal(await checkpoints.best(), undefined);
  const content = checkpointContent(1000, { isBest: true });
  const path = await checkpoints.save(content);
  assert.equal(path, join(folder, 'step-00001000'));
  const found = { ...content, folder: path };
  assert.deepEqual(await checkpoints.read(path), found);
  assert.deepEqual(await checkpoints.latest(), { ...found, passedOver: [] });
  assert.deepEqual(await checkpoints.best(), found);
  const files = ['config.json', 'model.safetensors', 'optimizer.safetensors', 'state.json'];
  assert.deepEqual(await names(path), files);
});

testFolder('a checkpoint can be read where it was copied to', async (folder) => {
  const checkpoints = await saveAll(join(folder, 'run'), [7]);
  await cp(join(folder, 'run/step-00000007'), join(folder, 'copy'), { recursive: true });
  assert.equal((await checkpoints.read(join(folder, 'copy'))).state.step, 7);
});

testFolder('the last ones and the best are kept', async (folder) => {
  const checkpoints = await saveAll(folder, [10, 20, 30, 40, 50], { keep: 2, best: 20 });
  assert.deepEqual(await names(folder), ['step-00000020', 'step-00000040', 'step-00000050']);
  assert.equal((await checkpoints.best())!.state.step, 20);
  assert.equal((await checkpoints.latest())!.state.step, 50);
  await checkpoints.save(checkpointContent(60, { isBest: true }));
  await checkpoints.save(checkpointContent(70));
  assert.deepEqual(await names(folder), ['step-00000060', 'step-00000070']);
  assert.equal((await checkpoints.best())!.state.step, 60);
});

testFolder('one that is unproven leaves the one before, too', async (folder) => {
  const checkpoints = await saveAll(folder, [10, 20], { keep: 1 });
  assert.deepEqual(await names(folder), ['step-00000020']);
  await checkpoints.save({ ...checkpointContent(30), isUnproven: true });
  assert.deepEqual(await names(folder), ['step-00000020', 'step-00000030']);
  await checkpoints.save({ ...checkpointContent(40), isUnproven: true });
  assert.deepEqual(await names(folder), ['step-00000030', 'step-00000040']);
  assert.equal(await checkpoints.lastBefore(40), join(folder, 'step-00000030'));
  assert.equal(await checkpoints.lastBefore(30), undefined);
  await checkpoints.save(checkpointContent(50));
  assert.deepEqual(await names(folder), ['step-00000050']);
});

testFolder('the best is still known to the next process', async (folder) => {
  await saveAll(folder, [10, 20], { keep: 1, best: 10 });
  const checkpoints = await saveAll(folder, [30], { keep: 1 });
  assert.equal((await checkpoints.best())!.state.step, 10);
  assert.deepEqual(await names(folder), ['step-00000010', 'step-00000030']);
});

testFolder(
  'a run that was taken back to an earlier step goes on from what it wrote last',
  async (folder) => {
    const checkpoints = await saveAll(folder, [10, 20, 30, 15], { keep: 2 });
    assert.equal((await checkpoints.latest())!.state.step, 15);
    assert.deepEqual(await names(folder), ['step-00000015', 'step-00000030']);
  },
);

testFolder('a step that is saved again replaces the one before', async (folder) => {
  const checkpoints = await saveAll(folder, [10]);
  const again = checkpointContent(10, { isBest: true, values: 3 });
  const path = await checkpoints.save(again);
  assert.deepEqual(await checkpoints.best(), { ...again, folder: path });
  assert.deepEqual(await names(folder), ['step-00000010']);
});

testFolder('at least one is kept', async (folder) => {
  for (const keep of [0, -1, 1.5]) {
    await assert.rejects(openCheckpoints(folder, { keep }), ArgumentError);
  }
});

const damages: readonly (readonly [string, (path: string) => Promise<void>, RegExp])[] = [
  [
    'a model with a bit turned',
    (path) => turnBit(join(path, 'model.safetensors')),
    /model\.safetensors has 224 bytes with the SHA-256 \w{64}, expected 224 bytes with the SHA-256 \w{64} as state\.json says/,
  ],
  [
    'a model cut short',
    (path) => truncate(join(path, 'model.safetensors'), 100),
    /model\.safetensors has 100 bytes .*, expected 224 bytes/,
  ],
  [
    'more optimiser than there was',
    (path) => appendFile(join(path, 'optimizer.safetensors'), 'x'),
    /optimizer\.safetensors has 113 bytes .*, expected 112 bytes/,
  ],
  [
    'no optimiser',
    (path) => rm(join(path, 'optimizer.safetensors')),
    /There is no file .*optimizer\.safetensors: check/,
  ],
  [
    'another config',
    (path) => writeFile(join(path, 'config.json'), '{}'),
    /config\.json has 2 bytes .*, expected/,
  ],
  ['no state', (path) => rm(join(path, 'state.json')), /There is no file .*state\.json: check/],
  [
    'a state cut short',
    (path) => truncate(join(path, 'state.json'), 30),
    /state\.json has .*, expected a JSON object/,
  ],
  [
    'a state without content',
    (path) => writeFile(join(path, 'state.json'), 'null'),
    /state\.json has "null", expected a JSON object/,
  ],
  [
    'a state that was edited',
    (path) => edit(join(path, 'state.json'), '"step": 20', '"step": 21'),
    /state\.json has the SHA-256 \w{64}, expected "\w{64}" as it says itself/,
  ],
  [
    'a state of the future',
    (path) => edit(join(path, 'state.json'), '"version": 1', '"version": 9'),
    /state\.json is of version 9, expected 1/,
  ],
];

for (const [what, damage, expected] of damages) {
  testFolder(`${what} is told, and the checkpoint before is taken`, async (folder) => {
    const checkpoints = await saveAll(folder, [10, 20]);
    const path = join(folder, 'step-00000020');
    await damage(path);
    assert.match(await refusal(checkpoints.read(path)), expected);
    const { state, passedOver } = (await checkpoints.latest())!;
    assert.equal(state.step, 10);
    assert.deepEqual(
      passedOver.map((one) => one.folder),
      [path],
    );
    assert.match(passedOver[0]!.error.message, expected);
  });
}

async function turnBit(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(path, bytes);
}

async function edit(path: string, from: string, to: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  assert.ok(text.includes(from));
  await writeFile(path, text.replace(from, to));
}

testFolder('checkpoints none of which is whole are no fresh start', async (folder) => {
  const checkpoints = await saveAll(folder, [10, 20]);
  await rm(join(folder, 'step-00000010/state.json'));
  await turnBit(join(folder, 'step-00000020/model.safetensors'));
  const message = await refusal(checkpoints.latest());
  assert.match(
    message,
    /^None of the checkpoints in \S+ is whole: .*10.*; .*20.*SHA-256.*; if there is no other copy/,
  );
});

testFolder('a best that is damaged is told', async (folder) => {
  const checkpoints = await saveAll(folder, [10, 20], { best: 10 });
  await turnBit(join(folder, 'step-00000010/model.safetensors'));
  assert.match(await refusal(checkpoints.best()), /step-00000010\/model\.safetensors has/);
});

testFolder(
  'one whose state cannot be read is not removed, and does not take the place of another',
  async (folder) => {
    const checkpoints = await saveAll(folder, [10, 20, 30]);
    await rm(join(folder, 'step-00000030/state.json'));
    await saveAll(folder, [25], { keep: 2 });
    assert.deepEqual(await names(folder), ['step-00000020', 'step-00000025', 'step-00000030']);
    assert.equal((await checkpoints.latest())!.state.step, 25);
  },
);

testFolder(
  'what dead processes left is removed, and what living ones write is not',
  async (folder) => {
    await saveAll(folder, [10]);
    const alive = `step-00000020.tmp-${process.ppid}`;
    for (const name of [
      alive,
      `step-00000020.tmp-${deadPid}`,
      `step-00000020.tmp-${process.pid}`,
    ]) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'model.safetensors'), 'half');
    }
    await writeFile(join(folder, 'notes.txt'), 'mine');
    const checkpoints = await openCheckpoints(folder, { keep: 1 });
    assert.deepEqual(await names(folder), ['notes.txt', 'step-00000010', alive]);
    assert.equal((await checkpoints.latest())!.state.step, 10);
  },
);

testFolder('a checkpoint that was to be replaced when the process died is back', async (folder) => {
  await saveAll(folder, [10, 20]);
  const old = join(folder, `step-00000020.old-${deadPid}`);
  await rename(join(folder, 'step-00000020'), old);
  const checkpoints = await openCheckpoints(folder, { keep: 2 });
  assert.deepEqual(await names(folder), ['step-00000010', 'step-00000020']);
  assert.equal((await checkpoints.latest())!.state.step, 20);
  await cp(join(folder, 'step-00000010'), old, { recursive: true });
  await openCheckpoints(folder, { keep: 2 });
  assert.deepEqual(await names(folder), ['step-00000010', 'step-00000020']);
  assert.equal((await checkpoints.latest())!.state.step, 20);
});

const script = fileURLToPath(new URL('../testing/save-checkpoints.ts', import.meta.url));
const saveFor = (folder: string, values: number): string[] => [
  ...[process.execPath, 'run', '--no-check', '--allow-all', script],
  ...[folder, String(values)],
];

testFolder(
  'a process that is killed at any moment leaves its last checkpoints whole',
  async (folder) => {
    for (const milliseconds of [0, 3, 7, 12, 19, 28]) {
      const [command, ...words] = saveFor(folder, 300_000) as [string, ...string[]];
      const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
      const saved = await lastLine(child, milliseconds);
      const checkpoints = await openCheckpoints(folder, { keep: 2 });
      const { state, model, passedOver } = (await checkpoints.latest())!;
      // The one after was perhaps whole too, and not told yet.
      assert.ok(state.step === saved || state.step === saved + 1, `${state.step}, saved ${saved}`);
      assert.deepEqual(model['weight']!.data, new Float32Array(300_000).fill(state.step));
      assert.deepEqual(passedOver, []);
      assert.equal((await checkpoints.best())!.state.step, 3 * Math.floor(state.step / 3));
      assert.deepEqual(
        (await names(folder)).filter((name) => !/^step-\d{8}$/.test(name)),
        [],
      );
    }
  },
);

/** Kills a child so long after its fourth line; its last line, once it is dead. */
async function lastLine(child: ChildProcess, milliseconds: number): Promise<number> {
  const dead = once(child, 'close');
  let last = 0;
  let lines = 0;
  for await (const line of createInterface(child.stdout!)) {
    last = Number(line);
    if (++lines === 4) setTimeout(() => process.kill(child.pid!, 'SIGKILL'), milliseconds);
  }
  await dead;
  return last;
}

testFolder(
  'where there is no room for a checkpoint, the older ones stay and nothing else does',
  async (folder) => {
    await saveAll(folder, [10], { best: 10 });
    // Stands for a disk that fills up, since not everyone may mount a small one: no file may exceed 128 KiB (64 KiB
    // where sh counts by 512 bytes), and the write beyond fails.
    const limited = `trap '' XFSZ; ulimit -f 128; exec "$@"`;
    const child = spawn('sh', ['-c', limited, 'sh', ...saveFor(folder, 100_000)]);
    let errors = '';
    child.stderr.on('data', (text) => (errors += String(text)));
    const [code] = await once(child, 'close');
    assert.equal(code, 1);
    assert.match(
      errors,
      /TrainingError: The checkpoint of step 11 was not written, older ones are as they were\. Cannot write .*model\.safetensors \(File too large/,
    );
    assert.deepEqual(await names(folder), ['step-00000010']);
    const checkpoints = await openCheckpoints(folder, { keep: 1 });
    assert.equal((await checkpoints.latest())!.state.step, 10);
  },
);

testFolder('a folder that cannot be made is named', async (folder) => {
  await writeFile(join(folder, 'file'), '');
  const message = await refusal(openCheckpoints(join(folder, 'file/checkpoints'), { keep: 1 }));
  assert.match(message, /Cannot write .*file\/checkpoints \(/);
});
