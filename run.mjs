#!/usr/bin/env node
// npm run demo | test | build: installs, builds, then runs what was asked for. Plain JavaScript without
// dependencies, because it runs before anything is installed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { whenNpmIsGone } from './apps/loader/bin/npm.js';
import { python } from './test/python.mjs';

const usage = 'usage: node run.mjs demo [options] | test [--force] [--full] [--no-skips] | build';
const root = fileURLToPath(new URL('.', import.meta.url));
const rootPackage = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** Such as pnpm@10.34.8. */
const pnpm = rootPackage.packageManager.split('+')[0];

/** Ends the process with one line. */
class Failure extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

// ---- Children ------------------------------------------------------------------------------------

/** Milliseconds that a stopped child gets to end by itself; turbo gives its own children up to 10 s. */
const grace = 12_000;
let child;
let stopping = false;

/** Runs a command in a process group of its own, so that its whole tree can be stopped; its exit code. */
async function run(command, args, options = {}) {
  if (stopping) return new Promise(() => {});
  const { env, cwd = root, ipc = false, onOutput } = options;
  child = spawn(command, args, {
    cwd,
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', onOutput ? 'pipe' : 'inherit', 'inherit', ...(ipc ? ['ipc'] : [])],
  });
  const { pid } = child;
  child.stdout?.setEncoding('utf8').on('data', onOutput);
  const code = await new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        new Failure(`Cannot start ${command}: ${error.message}. Check that it is on the PATH.`),
      ),
    );
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
  // Whatever the command left in its group ends with it.
  const wait = stopping ? grace : 1000;
  for (const end = Date.now() + wait; alive(-pid) && Date.now() < end; ) await sleep(20);
  kill(-pid, 'SIGKILL');
  child = undefined;
  if (stopping) process.exit(130);
  return code;
}

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function kill(pid, signal) {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

const alive = (pid) => kill(pid, 0);

function stop(signal) {
  if (stopping) return;
  stopping = true;
  if (!child) process.exit(130);
  const { pid } = child;
  kill(-pid, signal);
  setTimeout(() => kill(-pid, 'SIGKILL'), grace);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal));
process.on('exit', () => child && kill(-child.pid, 'SIGKILL'));

// ---- Install and build ---------------------------------------------------------------------------

function checkNode() {
  const wanted = rootPackage.engines.node.replace('>=', '').split('.').map(Number);
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > wanted[0] || (major === wanted[0] && minor >= wanted[1])) return;
  throw new Failure(
    `This is Node ${process.versions.node}; Maskloom needs ${rootPackage.engines.node}. Install it from https://nodejs.org and run again.`,
  );
}

async function install() {
  const installed = join(root, 'node_modules/.maskloom-install');
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) {
    hash.update(readFileSync(join(root, file)));
  }
  const wanted = hash.digest('hex');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === wanted) return;
  console.log(`Installing with ${pnpm}`);
  const quiet = ['--config.confirm-modules-purge=false', '--config.update-notifier=false'];
  const code = await run('npx', ['--yes', pnpm, 'install', '--frozen-lockfile', ...quiet], {
    env: { npm_config_update_notifier: 'false' },
  });
  if (code !== 0) {
    throw new Failure(
      `Installing failed (exit code ${code}); the reason is above. Check the network and run again.`,
    );
  }
  writeFileSync(installed, wanted);
}

const bin = (name) => join(root, 'node_modules/.bin', name);

async function output(command, args, options) {
  let text = '';
  const onOutput = (chunk) => {
    text += chunk;
  };
  const code = await run(command, args, { ...options, onOutput });
  if (code !== 0) throw new Failure(`${command} ${args.join(' ')} ended with exit code ${code}.`);
  return text;
}

/** turbo starts each task through the package manager, so it needs the pinned pnpm on its PATH. */
async function turboEnvironment() {
  const npx = ['--yes', '--package', pnpm, '--call', 'node -p process.env.PATH'];
  return {
    PATH: (await output('npx', npx)).trim(),
    DO_NOT_TRACK: '1',
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
  };
}

const turbo = (...args) => [bin('turbo'), ['run', ...args, '--ui=stream', '--concurrency=100%']];

/** Builds every package; returns the environment that turbo ran in. */
async function build() {
  const env = await turboEnvironment();
  const code = await run(...turbo('build', '--output-logs=errors-only'), { env });
  if (code !== 0) throw new Failure(`The build failed (exit code ${code}); the reason is above.`);
  return env;
}

// ---- Tests ---------------------------------------------------------------------------------------

/** The packages that have tests: `{ package, directory, command }`. */
async function testTasks(env) {
  const { tasks } = JSON.parse(await output(...turbo('test', '--dry=json'), { env }));
  return tasks.filter(({ task, command }) => task === 'test' && command !== '<NONEXISTENT>');
}

/** Result files that a package's test command must leave: Vitest's, Deno's, or both. */
function resultFiles({ command, directory }) {
  const files = [];
  if (/\bvitest\b/.test(command)) files.push('results.json');
  if (/\bdeno\b/.test(command)) files.push('junit.xml');
  if (files.length > 0) return files.map((file) => join(root, directory, '.test', file));
  throw new Failure(
    `${directory} tests with "${command}": run.mjs can count only vitest and deno.`,
  );
}

/** What test/reporter writes. */
function readVitest(file) {
  const { passed, failed, skipped } = JSON.parse(readFileSync(file, 'utf8'));
  return { passed, failed, skipped };
}

/** What `deno test --junit-path` writes: a failure or error element fails a test, `skipped` skips it. */
function readJunit(file) {
  const results = { passed: 0, failed: 0, skipped: [] };
  const xml = readFileSync(file, 'utf8');
  for (const [, attributes, body = ''] of xml.matchAll(
    /<testcase\b((?:[^>"]|"[^"]*")*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g,
  )) {
    const skip = /<skipped\b(?:[^>]*?message="([^"]*)")?/.exec(body);
    if (/<(failure|error)\b/.test(body)) results.failed++;
    else if (skip) {
      const test = unescapeXml(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? '?');
      results.skipped.push({ test, reason: skip[1] && unescapeXml(skip[1]) });
    } else results.passed++;
  }
  return results;
}

function unescapeXml(text) {
  const entities = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code))
    .replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => entities[name]);
}

/** Tools that tests look for: a result cached where one was missing is no result where it is there. */
async function tools() {
  const code = await run(process.execPath, [join(root, 'test/python.mjs')]);
  if (code !== 0) throw new Failure(`test/python.mjs failed (exit code ${code}).`);
  const found = ['chromium', 'redis-server'].filter((name) =>
    process.env.PATH?.split(delimiter).some((folder) => existsSync(join(folder, name))),
  );
  return [...found, ...(python().path ? ['python'] : [])].join(' ');
}

async function test(options) {
  const total = { passed: 0, failed: 0, skipped: [] };
  const problem = (line) => {
    total.failed++;
    console.error(`FAILED  ${line}`);
  };
  try {
    await install();
    const lint = await run(bin('biome'), ['check', '--error-on-warnings', '.']);
    if (lint !== 0) problem('Biome found what is listed above; npm run format mends most of it.');
    const env = await build();
    const types = await run(bin('tsc'), ['--project', 'tsconfig.json']);
    if (types !== 0) problem('The compiler found what is listed above in the tests.');
    await testPackages(options, env, total, problem);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    problem(error.message);
  }
  if (total.passed + total.failed + total.skipped.length === 0) problem('No test ran.');
  // What a runtime can't do is no test that is missing; the reason says so.
  const isLimit = ({ reason }) => reason?.startsWith('limit: ') === true;
  const limits = total.skipped.filter(isLimit);
  const skipped = total.skipped.filter((skip) => !isLimit(skip));
  for (const { test, reason } of limits) console.log(`NOT HERE ${test}: ${reason}`);
  for (const { test, reason } of skipped) {
    console.log(`SKIPPED ${test}: ${reason || 'no reason given'}`);
  }
  if (limits.length > 0) {
    console.log(
      `${limits.length} cases ask for what their runtime or pool does not have, as listed.`,
    );
  }
  const strict = options.has('--no-skips') && skipped.length > 0;
  if (strict) console.error('With --no-skips the skipped tests above end the run as a failure.');
  console.log(`${total.passed} passed, ${total.failed} failed, ${skipped.length} skipped`);
  return total.failed > 0 || strict ? 1 : 0;
}

async function testPackages(options, turboEnv, total, problem) {
  const full = options.has('--full') ? '1' : '';
  const env = { ...turboEnv, MASKLOOM_TOOLS: await tools(), MASKLOOM_FULL: full };
  const tasks = await testTasks(env);
  // Removed so that none can be an older run's: a run or turbo's cache puts them back.
  for (const { directory } of tasks)
    rmSync(join(root, directory, '.test'), { recursive: true, force: true });
  const force = options.has('--force') ? ['--force'] : [];
  const args = ['test', '--continue', '--output-logs=new-only', ...force];
  const code = await run(...turbo(...args), { env });
  for (const task of tasks) {
    for (const file of resultFiles(task)) {
      if (!existsSync(file)) {
        problem(
          `${task.package} left no ${file.slice(root.length)}: its tests did not run to the end.`,
        );
        continue;
      }
      const results = file.endsWith('.xml') ? readJunit(file) : readVitest(file);
      total.passed += results.passed;
      total.failed += results.failed;
      for (const skip of results.skipped) {
        total.skipped.push({ ...skip, test: `${task.package} > ${skip.test}` });
      }
      if (results.passed + results.failed + results.skipped.length === 0) {
        problem(`${task.package} ran no test (${file.slice(root.length)} is empty).`);
      }
    }
  }
  if (code !== 0 && total.failed === 0) {
    problem(
      `turbo run test ended with exit code ${code} though no test failed; the reason is above.`,
    );
  }
}

// ---- Commands ------------------------------------------------------------------------------------

async function demo(args) {
  await install();
  await build();
  const main = join(root, 'examples/demo/dist/main.js');
  // The demo ends when this channel does, even if this process is killed.
  return run(process.execPath, [main, ...args], { cwd: process.cwd(), ipc: true });
}

async function main([command, ...args]) {
  checkNode();
  // biome-ignore lint/suspicious/noUndeclaredEnvVars: npm sets it, and no task of turbo's sees this
  if (process.env.npm_lifecycle_event) whenNpmIsGone(() => stop('SIGTERM'));
  if (command === 'demo') return demo(args);
  const allowed = command === 'test' ? ['--force', '--full', '--no-skips'] : [];
  const unknown = args.find((arg) => !allowed.includes(arg));
  if (unknown) throw new Failure(`Unknown argument ${unknown}; ${usage}`, 2);
  if (command === 'test') return test(new Set(args));
  if (command !== 'build') throw new Failure(usage, 2);
  await install();
  await build();
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
