import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { saveModel } from './testing/save-model.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const bin = fileURLToPath(new URL('../bin/maskloom-train.js', import.meta.url));

/** A server that takes requests and never answers. */
async function silentServer(): Promise<{ url: string; close: () => void }> {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

async function train(...words: string[]): Promise<Ended> {
  const command = new Deno.Command(Deno.execPath(), { args: ['run', '-A', main, ...words] });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test('--help shows each option and its default', async () => {
  const { code, stdout, stderr } = await train('--help');
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /--url <address\.\.\.>/);
  assert.match(stdout.replaceAll(/\s+/g, ' '), /--seed <integer> [^-]*42/);
});

Deno.test('a bad argument ends the run with exit code 2 and one line', async () => {
  const url = ['--url', 'http://127.0.0.1:1'];
  for (const words of [
    [],
    [...url, '--seed', '-1'],
    [...url, '--lr', '0'],
    [...url, '--log', ''],
  ]) {
    const { code, stdout, stderr } = await train(...words);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^maskloom-train: [^\n]+\n$/);
  }
});

Deno.test('train may be said, and a word that is no command is refused', async () => {
  const said = await train('train', '--url', 'notaurl');
  assert.equal(said.code, 2);
  assert.match(said.stderr, /Expected an address such as http:/);
  for (const name of ['tran', 'toString']) {
    const { code, stdout, stderr } = await train(name);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(
      stderr,
      /^maskloom-train: there is no command \w+, the closest is train; see --help\n$/,
    );
  }
});

Deno.test('config prints a run.yaml, which --config reads; what is wrong in it ends the command', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'maskloom-trainer-'));
  try {
    const path = join(folder, 'run.yaml');
    const first = await train('config', '--size', 'mini', '--lr', '0.002', '--out', 'a: b');
    assert.deepEqual([first.code, first.stderr], [0, '']);
    await writeFile(path, first.stdout);
    const second = await train('config', '--config', path);
    assert.equal(second.stdout, first.stdout);
    await writeFile(path, 'steps: 10\nwarmup: 20\n');
    const { code, stdout, stderr } = await train('config', '--config', path);
    assert.deepEqual([code, stdout], [2, '']);
    assert.equal(
      stderr,
      `maskloom-train: ${path}:2: warmup is 20, expected at most steps, which are 10\n`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

Deno.test('fill ends with one line where there is nothing to fill with', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'maskloom-trainer-'));
  try {
    const words = ['fill', 'The [MASK]', '--checkpoint', folder];
    const none = await train(...words);
    assert.deepEqual([none.code, none.stdout], [1, '']);
    const neither =
      / is not a checkpoint of a run nor an exported model: it is empty, expected [^\n]+\n$/;
    assert.match(none.stderr, neither);
    const checkpoint = await saveModel(join(folder, 'checkpoints'), {});
    const bare = await train('fill', 'The [MASK]', '--checkpoint', checkpoint);
    assert.deepEqual([bare.code, bare.stdout], [1, '']);
    assert.match(
      bare.stderr,
      /^maskloom-train: There is no tokenizer\.json in [^\n]+--tokenizer\n$/,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

Deno.test('the command for Node passes on words, output and exit code', async () => {
  const child = spawn('node', [bin, 'config', '--lr', '-1'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text;
    });
  }
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.deepEqual([code, printed.stdout], [2, '']);
  assert.match(printed.stderr, /^maskloom-train: [^\n]+ Expected a number above 0; see `[^\n]+\n$/);
});

Deno.test('and signals: the trainer ends with it', async () => {
  const server = await silentServer();
  try {
    const child = spawn('node', [bin, '--url', server.url, '--device', 'wasm'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    await new Promise((resolve) => child.stderr.once('data', resolve));
    // Not child.kill(): Deno takes a child that was sent a signal for dead.
    process.kill(child.pid!, 'SIGTERM');
    // Its standard error closes when the trainer, which has it as well, is gone.
    assert.equal(await ended, 143);
  } finally {
    server.close();
  }
});

Deno.test('a sidecar that refuses ends the run with one line, and an older log stays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'maskloom-trainer-'));
  const server = Deno.serve({ hostname: '127.0.0.1', port: 0, onListen() {} }, () => {
    return new Response('{"error":{"message":"no plan here"}}', { status: 404 });
  });
  try {
    const log = join(folder, 'log.jsonl');
    await writeFile(log, 'an older log');
    const url = `http://127.0.0.1:${server.addr.port}`;
    const { code, stderr } = await train('--url', url, '--device', 'wasm', '--log', log);
    assert.equal(code, 1);
    assert.match(stderr, /\nmaskloom-train: The sidecar refused [^\n]+no plan here\n$/);
    assert.equal(await readFile(log, 'utf8'), 'an older log');
  } finally {
    await server.shutdown();
    await rm(folder, { recursive: true });
  }
});

Deno.test('an address that is none is refused before anything is asked', async () => {
  const { code, stderr } = await train('--url', 'notaurl', '--device', 'wasm');
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^maskloom-train: [^\n]*'notaurl' is invalid\. Expected an address such as http:/,
  );
});
