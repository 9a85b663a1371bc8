import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { startSidecar } from './testing/sidecar.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const announce = ['--preload', here('testing/announce-workers.ts')];
const small = { vocab: 50, length: 32, rows: 4, masked: 5, layers: 1, hidden: 32, heads: 2 };

/** Runs a program, and counts the Web Workers that start. */
async function workersOf(script: string, ...words: string[]): Promise<number> {
  const args = ['run', '--allow-all', '--no-check', ...announce, here(script), ...words];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const text = new TextDecoder().decode(stderr);
  assert.equal(code, 0, text);
  return text.split('a worker starts\n').length - 1;
}

for (const [threads, workers] of [
  [0, navigator.hardwareConcurrency],
  [1, 0],
  [3, 3],
] as const) {
  Deno.test(`${threads} threads: Wasm computes with ${workers} workers`, async () => {
    const run = JSON.stringify({ ...small, steps: 1, threads });
    assert.equal(await workersOf('testing/time-steps.ts', run), workers);
  });
}

Deno.test('maskloom-train computes with as many threads as it is told', async () => {
  const sidecar = await startSidecar();
  try {
    const size = ['--layers', '1', '--hidden', '16', '--heads', '1', '--device', 'wasm'];
    const words = ['--url', sidecar.url, '--steps', '1', ...size];
    assert.equal(await workersOf('main.ts', ...words, '--threads', '1'), 0);
    assert.equal(await workersOf('main.ts', ...words, '--threads', '2'), 2);
    // One that is a rank, and none of Wasm's.
    assert.equal(await workersOf('main.ts', ...words, '--threads', '1', '--ranks', '2'), 1);
  } finally {
    await sidecar.stop();
  }
});
