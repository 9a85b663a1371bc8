import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ArgumentError } from '@maskloom/core';

/** Runs this command in Deno instead, with the same words but for `--runtime`; its exit code. */
export async function runInDeno(words: readonly string[]): Promise<number> {
  const [command, ...before] = deno();
  const main = fileURLToPath(new URL('./main.js', import.meta.url));
  const kept = words.filter(
    (word, index) => !/^--runtime(=|$)/.test(word) && words[index - 1] !== '--runtime',
  );
  const options = ['run', '--allow-all', '--node-modules-dir=manual', '--no-check'];
  const child = spawn(command!, [...before, ...options, main, ...kept], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** How Deno is started: from the path, or as the npm package. */
function deno(): string[] {
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'deno'))
    .find((path) => existsSync(path));
  if (found !== undefined) return [found];
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    try {
      return [process.execPath, createRequire(from).resolve('deno/bin.cjs')];
    } catch {
      // Not installed there.
    }
  }
  throw new ArgumentError(
    '--runtime',
    'a runtime that is here',
    'deno',
    'install Deno, or the npm package deno beside maskloom',
  );
}
