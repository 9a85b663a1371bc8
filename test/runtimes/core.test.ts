import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { run } from '../support/run.ts';
import { type CaseResult, caseNames, runCases, type VectorFiles } from './core.case.js';

const core = fileURLToPath(new URL('../../packages/core/dist', import.meta.url));
const caseFile = fileURLToPath(new URL('core.case.js', import.meta.url));
const vectorFolder = fileURLToPath(new URL('../conformance/vectors', import.meta.url));
const coreUrl = new URL(`file://${core}/index.js`).href;

const vectors: VectorFiles = Object.fromEntries(
  await Promise.all(
    (await readdir(vectorFolder)).map(async (file) => [
      file.replace('.json', ''),
      JSON.parse(await readFile(join(vectorFolder, file), 'utf8')),
    ]),
  ),
);

/** The results of the cases on a runtime, or why there are none. */
type Results = readonly CaseResult[] | { readonly skip: string };

async function inDeno(): Promise<Results> {
  const trainer = createRequire(new URL('../../apps/trainer/package.json', import.meta.url));
  const script = `
    import { runCases } from ${JSON.stringify(caseFile)};
    const vectors = {};
    for (const { name } of Deno.readDirSync(${JSON.stringify(vectorFolder)})) {
      const text = Deno.readTextFileSync(${JSON.stringify(vectorFolder)} + '/' + name);
      vectors[name.replace('.json', '')] = JSON.parse(text);
    }
    console.log(JSON.stringify(await runCases(${JSON.stringify(coreUrl)}, vectors)));`;
  const words = [trainer.resolve('deno/bin.cjs'), 'eval', script];
  const { stdout, stderr } = await run(process.execPath, words);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as CaseResult[];
}

async function inChromium(): Promise<Results> {
  const chromium = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'chromium'))
    .find((path) => existsSync(path));
  if (chromium === undefined) {
    return { skip: 'there is no chromium on the PATH (Debian: chromium)' };
  }
  const page = `<!doctype html><script type="module">
    import { runCases } from '/core.case.js';
    const send = (body) => fetch('/result', { method: 'POST', body });
    const vectors = await (await fetch('/vectors.json')).json();
    runCases('/core/index.js', vectors).then(
      (results) => send(JSON.stringify(results)), (error) => send(JSON.stringify(String(error))));
  </script>`;
  const profile = await mkdtemp(join(tmpdir(), 'maskloom-chromium-'));
  const server = createServer();
  const result = new Promise<string>((resolve) => {
    server.on('request', async (request, response) => {
      const path = normalize(request.url ?? '/');
      const script = 'text/javascript';
      if (path === '/result') {
        let body = '';
        for await (const part of request) body += part;
        response.end();
        resolve(body);
      } else if (path === '/') response.setHeader('content-type', 'text/html').end(page);
      else if (path === '/vectors.json') response.end(JSON.stringify(vectors));
      else if (path.endsWith('.js')) {
        const file = path === '/core.case.js' ? caseFile : join(core, path.replace('/core/', ''));
        response.setHeader('content-type', script).end(await readFile(file));
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
    return JSON.parse(await result) as CaseResult[];
  } finally {
    const ended = new Promise((resolve) => browser.once('exit', resolve));
    browser.kill();
    await ended;
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

const runtimes: Record<string, () => Promise<Results>> = {
  Node: () => runCases(coreUrl, vectors),
  Deno: inDeno,
  Chromium: inChromium,
};

describe.each(Object.keys(runtimes))('core in %s', (runtime) => {
  let results: Results;
  beforeAll(async () => {
    results = await runtimes[runtime]!();
  });

  test.for(caseNames(vectors))('%s', (name, { skip }) => {
    if ('skip' in results) return skip(results.skip);
    const result = results.find((one) => one.name === name);
    if (result?.outcome === 'skipped') return skip(result.detail!);
    expect(result).toEqual({ name, outcome: 'passed' });
  });
});
