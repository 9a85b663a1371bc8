import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { run } from '../support/run.ts';
import { probe } from './probe.js';

const core = fileURLToPath(new URL('../../packages/core/dist', import.meta.url));
const probeFile = fileURLToPath(new URL('probe.js', import.meta.url));

const expected = async () => JSON.stringify(await probe(new URL(`file://${core}/index.js`).href));

test('core masks the same in Deno as in Node', async () => {
  const trainer = createRequire(new URL('../../apps/trainer/package.json', import.meta.url));
  const deno = trainer.resolve('deno/bin.cjs');
  const script = `import { probe } from ${JSON.stringify(probeFile)}; console.log(JSON.stringify(await probe(${JSON.stringify(`file://${core}/index.js`)})));`;
  const { stdout, stderr } = await run(process.execPath, [deno, 'eval', script]);
  expect(stderr).toBe('');
  expect(stdout.trim()).toBe(await expected());
});

test('core masks the same in Chromium as in Node', async ({ skip }) => {
  const chromium = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'chromium'))
    .find((path) => existsSync(path));
  if (chromium === undefined) return skip('there is no chromium on the PATH (Debian: chromium)');

  const page = `<!doctype html><pre id="out"></pre><script type="module">
    import { probe } from '/probe.js';
    const send = (body) => fetch('/result', { method: 'POST', body });
    probe('/core/index.js').then((value) => send(JSON.stringify(value)), (error) => send(String(error)));
  </script>`;
  const profile = await mkdtemp(join(tmpdir(), 'maskloom-chromium-'));
  const server = createServer();
  const result = new Promise<string>((resolve) => {
    server.on('request', async (request, response) => {
      const path = normalize(request.url ?? '/');
      if (path === '/result') {
        let body = '';
        for await (const part of request) body += part;
        response.end();
        resolve(body);
        return;
      }
      if (path === '/') response.setHeader('content-type', 'text/html').end(page);
      else if (path.endsWith('.js')) {
        const file = path === '/probe.js' ? probeFile : join(core, path.replace('/core/', ''));
        response.setHeader('content-type', 'text/javascript').end(await readFile(file));
      } else response.writeHead(404).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const browser = spawn(
    chromium,
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--user-data-dir=${profile}`,
      '--remote-debugging-port=0',
      `http://127.0.0.1:${port}/`,
    ],
    { stdio: 'ignore' },
  );
  try {
    expect(await result).toBe(await expected());
  } finally {
    const ended = new Promise((resolve) => browser.once('exit', resolve));
    browser.kill();
    await ended;
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});
