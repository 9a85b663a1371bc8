import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { delimiter, join, normalize } from 'node:path';
import { startChromium } from './start-chromium.ts';

/** What a page may ask for: its type and bytes, or undefined. */
export type Serve = (
  path: string,
) => Promise<{ readonly type: string; readonly body: string | Uint8Array } | undefined>;

/** Chromium, if it is on the PATH. */
export function findChromium(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'chromium'))
    .find((path) => existsSync(path));
}

/** Why a test goes without Chromium. */
export const noChromium = 'there is no chromium on the PATH (Debian: chromium)';

/**
 * Opens a page in headless Chromium, and returns what it posts to `/result`.
 *
 * @param serve what the page asks for; the page itself is `/`
 * @param isolated whether it comes with the headers that give a page shared memory
 */
export async function inChromium(
  chromium: string,
  serve: Serve,
  isolated = false,
): Promise<unknown> {
  const server = createServer();
  const result = new Promise<string>((resolve, reject) => {
    server.on('request', async (request, response) => {
      const path = normalize(request.url ?? '/');
      if (isolated) {
        response.setHeader('cross-origin-opener-policy', 'same-origin');
        response.setHeader('cross-origin-embedder-policy', 'require-corp');
      }
      if (path === '/result') {
        let body = '';
        for await (const part of request) body += part;
        response.end();
        resolve(body);
        return;
      }
      try {
        const answer = await serve(path);
        if (answer === undefined) response.writeHead(404).end();
        else response.setHeader('content-type', answer.type).end(answer.body);
      } catch (error) {
        response.writeHead(500).end();
        reject(error);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const browser = await startChromium(
    chromium,
    '--remote-debugging-port=0',
    `http://127.0.0.1:${port}/`,
  );
  try {
    return JSON.parse(await result);
  } finally {
    await browser.stop();
    server.closeAllConnections();
    server.close();
  }
}
