import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { lockRun } from './run-lock.ts';
import { inFolder } from './testing/in-folder.ts';

Deno.test('one process at a time trains in a folder', () =>
  inFolder((folder) => {
    const out = join(folder, 'run');
    {
      using _first = lockRun(out);
      assert.throws(() => lockRun(out), {
        code: 'CHECKPOINT',
        message: `Another process (pid ${process.pid}) trains in ${out}: wait until it has ended, or stop it, or choose another --out`,
      });
      lockRun(join(folder, 'other'))[Symbol.dispose]();
    }
    lockRun(out)[Symbol.dispose]();
  }));

Deno.test('the lock of a process that was killed is gone with it', () =>
  inFolder(async (folder) => {
    const module = JSON.stringify(new URL('run-lock.ts', import.meta.url).href);
    const script = `const { lockRun } = await import(${module}); lockRun(${JSON.stringify(folder)}); console.log('locked'); setInterval(() => {}, 1000);`;
    const child = spawn(Deno.execPath(), ['eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    assert.throws(() => lockRun(folder), { message: new RegExp(`\\(pid ${child.pid}\\)`) });
    process.kill(child.pid!, 'SIGKILL');
    await once(child, 'close');
    lockRun(folder)[Symbol.dispose]();
  }));

Deno.test('a folder that cannot be written is refused', () =>
  inFolder(async (folder) => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    assert.throws(() => lockRun(file), {
      code: 'CHECKPOINT',
      message: /^Cannot write .+lock \(.+\): give --out a folder that this user may write$/,
    });
  }));
