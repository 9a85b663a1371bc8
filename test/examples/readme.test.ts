import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { python } from '../python.mjs';
import { bin, run } from '../support/run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = await readFile(join(root, 'README.md'), 'utf8');

/** A block of code in the README. */
interface Block {
  readonly language: string;
  readonly code: string;
}

const blocks = [...readme.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(
  ([, language, code]): Block => ({ language: language!, code: code! }),
);
const uses = blocks.slice(blocks.findIndex(({ code }) => code.includes('cd try')));

let folder: string;
let sidecar: ChildProcess | undefined;
let url = '';
beforeAll(async () => {
  // Like try/ a folder in the root, that git ignores.
  await mkdir(join(root, '.cache'), { recursive: true });
  folder = await mkdtemp(join(root, '.cache/readme-'));
  await mkdir(join(folder, 'texts'));
  const sentence = 'The people of the union have a government of laws and not of men. ';
  for (const name of ['a', 'b']) {
    await writeFile(join(folder, 'texts', `${name}.txt`), sentence.repeat(name === 'a' ? 600 : 20));
  }
});
afterAll(async () => {
  sidecar?.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

async function serve(words: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [bin, ...words, '--port', '0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  sidecar = child;
  return new Promise((resolve) => {
    child.stdout.on('data', (text) => {
      const found = /^listening on (\S+),/m.exec(String(text))?.[1];
      if (found !== undefined) resolve(found);
    });
  });
}

/** Runs one command of a block, as its shell would. */
async function shell(line: string): Promise<void> {
  const [command, ...words] = line.replace(/\s#.*/, '').trim().split(/\s+/);
  // The first two are done before the tests, and with what is not there before a demo.
  if (command !== 'npx') return expect(command).toMatch(/^(npm|mkdir|cp)$/);
  expect(words.shift()).toBe('maskloom');
  if (words[0] === 'serve') url = await serve(words);
  else
    expect(await run(process.execPath, [bin, ...words], folder)).toMatchObject({
      code: 0,
      stderr: '',
    });
}

/** Runs a block as a file; what it printed. */
async function runBlock(program: string, name: string, code: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, code.replaceAll('http://127.0.0.1:4300', url));
  const { code: exit, stdout, stderr } = await run(program, [file], folder);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  expect(stdout).not.toBe('');
  return stdout;
}

const found = python();

test('the blocks of the README work one after the other, and print what it says', async () => {
  expect(uses.map(({ language }) => language).join(' ')).toBe('sh ts text sh ts sh python ts text');
  let printed = '';
  // The last block is a picture.
  for (const { language, code } of uses.slice(0, -1)) {
    if (language === 'text') expect(code).toBe(printed);
    if (language === 'sh') for (const line of code.trim().split('\n')) await shell(line);
    if (language === 'ts') printed = await runBlock(process.execPath, 'block.mjs', code);
  }
});

test.skipIf(found.path === undefined)(
  `and so does the one in Python${found.path ? '' : ` (skipped: ${found.reason})`}`,
  async () => {
    const { code } = uses.find(({ language }) => language === 'python')!;
    const manifest = await readFile(join(folder, 'data/sotu/manifest.json'), 'utf8');
    const width = /"longest": (\d+)/.exec(manifest)![1];
    expect(await runBlock(found.path!, 'block.py', code)).toMatch(
      new RegExp(`^\\(32, ${width}\\) \\d+ to predict`),
    );
  },
);
