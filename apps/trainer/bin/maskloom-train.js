#!/usr/bin/env node
/** @file Starts the trainer in Deno. Plain JavaScript that runs as it is, because the package manager links it before anything is built. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { whenNpmIsGone } from '../../loader/bin/npm.js';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
// Deno itself: the package's own command waits for it without passing signals on.
const deno = createRequire(import.meta.url)('deno/install_api.cjs').runInstall();
const child = spawn(deno, ['run', '--allow-all', '--no-check', main, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, DENO_NO_UPDATE_CHECK: '1' },
});
for (const signal of signals) process.on(signal, () => child.kill(signal));
// npx does not pass on every signal: what it started ends with it.
if (process.env.npm_command === 'exec') whenNpmIsGone(() => child.kill('SIGTERM'));
child.once('error', (error) => {
  console.error(`maskloom-train: Deno did not start (${error.message}): install again`);
  process.exit(1);
});
child.once('close', (code, signal) => {
  if (signal === null) process.exit(code);
  for (const passedOn of signals) process.removeAllListeners(passedOn);
  process.kill(process.pid, signal);
});
