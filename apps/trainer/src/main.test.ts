import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
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
