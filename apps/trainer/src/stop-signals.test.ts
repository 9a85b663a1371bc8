import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('testing/await-signals.ts', import.meta.url));

/** A process that waits for signals. */
async function start(...words: string[]) {
  const child = spawn(Deno.execPath(), ['run', '--allow-all', '--no-check', program, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const code = once(child, 'close').then(([code]) => code as number | null);
  const says = async (text: string): Promise<void> => {
    while (!output.includes(text)) await sleep(10);
  };
  await says('ready');
  return {
    code,
    says,
    output: () => output,
    // Not child.kill(): Deno takes a child that was sent a signal for dead.
    send: (signal: string) => process.kill(child.pid!, signal),
  };
}

const codes = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const;

Deno.test('a signal ends the process at once, with 128 and its number', async () => {
  for (const [signal, expected] of codes) {
    const { code, send } = await start();
    send(signal);
    assert.equal(await code, expected);
  }
});

Deno.test('where it is told first, the next signal ends the process', async () => {
  for (const [signal, expected] of codes) {
    const { code, send, says } = await start('told');
    send(signal);
    await says(`told ${expected}`);
    await sleep(800);
    send('SIGINT');
    assert.equal(await code, 130);
  }
});

Deno.test('a signal that comes several times at once counts as one, also for a busy process', async () => {
  for (const words of [['told'], ['told', 'busy']]) {
    const { code, send, says, output } = await start(...words);
    for (let time = 0; time < 3; time++) {
      send('SIGINT');
      await sleep(20);
    }
    await says('told 130');
    assert.equal(await Promise.race([code, sleep(1800, 'alive')]), 'alive');
    send('SIGTERM');
    assert.equal(await code, 143);
    assert.equal(output().match(/told/g)?.length, 1);
  }
});
