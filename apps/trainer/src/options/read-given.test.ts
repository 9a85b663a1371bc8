import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import fc from 'fast-check';
import { camelCase, optionValues } from './option-values.ts';
import { readGiven } from './read-given.ts';
import { optionNames, table } from './table.ts';
import { valuesOf } from './testing/arbitraries.ts';
import { trainOptions } from './train-options.ts';

/** Reads a command line; what commander prints is kept. */
async function read(...words: string[]) {
  const command = new Command('train').exitOverride().configureOutput({ writeErr() {} });
  return optionValues(await readGiven(command, words));
}

Deno.test('a command line gives each option the value that it says', async () => {
  for (const name of optionNames) {
    const { kind } = table[name];
    if (kind.type === 'flag' || kind.type === 'flag-or-text') continue;
    await fc.assert(
      fc.asyncProperty(valuesOf(kind), async (value) => {
        const words = Array.isArray(value) ? value : [value];
        const values = await read(...words.map((word) => `--${name}=${word}`));
        assert.deepEqual(values[camelCase(name)], value);
      }),
      { numRuns: 20 },
    );
  }
});

Deno.test('flags are turned on and off', async () => {
  assert.equal((await read('--resume')).resume, true);
  assert.equal((await read('--resume', '--no-resume')).resume, false);
  assert.equal((await read('--tensorboard')).tensorboard, true);
  assert.equal((await read('--tensorboard', 'events')).tensorboard, 'events');
  assert.equal((await read('--no-tensorboard')).tensorboard, false);
  assert.equal('tensorboard' in (await read()), false);
});

Deno.test('several addresses are given at once, or one by one', async () => {
  const urls = ['http://a', 'http://b', 'http://c'];
  assert.deepEqual((await read('--url', ...urls)).url, urls);
  assert.deepEqual((await read(...urls.flatMap((url) => ['--url', url]))).url, urls);
});

Deno.test('the command line wins over the file, and the file over defaults', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'maskloom-given-'));
  try {
    const path = join(folder, 'run.yaml');
    await writeFile(path, 'url: [http://a, http://b]\nsteps: 7\nlr: 0.1\nresume: true\nout: run\n');
    const words = ['--lr', '0.2', '--url', 'http://c', '--no-resume', '--config', path];
    const { url, steps, lr, resume, keep, out } = await read(...words);
    assert.deepEqual(
      { url, steps, lr, resume, keep, out },
      { url: ['http://c'], steps: 7, lr: 0.2, resume: false, keep: 3, out: 'run' },
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

Deno.test('a word that is no value of its option is refused', async () => {
  for (const words of [
    ['--steps', '1e3'],
    ['--steps', '0'],
    ['--steps', ''],
    ['--lr', 'Infinity'],
    ['--lr', '0x1'],
    ['--beta2', '1'],
    ['--seed', '-1'],
    ['--architecture', 'gpt'],
    ['--log', ''],
    ['--url', 'notaurl'],
    ['--url', 'ftp://a'],
    ['--step', '3'],
    ['more'],
  ]) {
    await assert.rejects(read(...words), CommanderError, words.join(' '));
  }
});

Deno.test('an error names the option as it was given', async () => {
  const given = await readGiven(new Command('train'), ['--url', 'http://a', '--warmup', '300']);
  assert.throws(() => trainOptions(given), {
    message: '--warmup is 300, expected at most steps, which are 200',
    option: 'warmup',
  });
});
