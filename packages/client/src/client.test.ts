import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { connect } from './client.ts';

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** A server that accepts every connection, and answers each with the next of `texts`, at last with the last, or never. */
async function listen(
  ...texts: readonly string[]
): Promise<{ url: string; accepted: () => number }> {
  let accepted = 0;
  const server = createServer((socket) => {
    const text = texts[Math.min(accepted, texts.length - 1)];
    accepted++;
    sockets.add(socket);
    socket.on('error', () => {});
    if (text !== undefined) socket.once('data', () => socket.write(text));
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, accepted: () => accepted };
}

async function timed(work: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work.catch(() => {});
  return performance.now() - began;
}

describe('connect()', () => {
  test('does not wait for ever on a server that accepts and never answers', async () => {
    const { url, accepted } = await listen();
    const connecting = connect(url, { timeout: 200, attempts: 2 });
    expect(await timed(connecting)).toBeLessThan(2000);
    await expect(connecting).rejects.toThrow(
      /^No sidecar answers at .* while asking for the plan \(2 attempts, the last: .*\/plan has been silent for 0\.2 s\): start/,
    );
    await expect(connecting).rejects.toMatchObject({
      code: 'SIDECAR_GONE',
      cause: { code: 'SIDECAR_TIMEOUT', urls: [`${url}/plan`] },
    });
    expect(accepted()).toBe(2);
  });

  test('nor on one that stops in the middle of its answer', async () => {
    const { url } = await listen('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"id":');
    await expect(connect(url, { timeout: 200, attempts: 1 })).rejects.toMatchObject({
      cause: { code: 'SIDECAR_TIMEOUT' },
    });
  });

  test('ends at once with its signal’s reason, whatever that is', async () => {
    const { url } = await listen();
    const reason = new RangeError('enough');
    const aborted = connect(url, { signal: AbortSignal.abort(reason) });
    await expect(aborted).rejects.toBe(reason);
    const late = connect(url, { signal: AbortSignal.timeout(100) });
    expect(await timed(late)).toBeLessThan(1000);
    await expect(late).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('does not take another server for a sidecar', async () => {
    const { url } = await listen('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnull');
    await expect(connect(url)).rejects.toThrow(/^What answers at .* is no sidecar/);
  });

  test.each(['408 Request Timeout', '429 Too Many Requests', '503 Service Unavailable'])(
    'asks again after %s',
    async (status) => {
      const { url, accepted } = await listen(
        `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
        'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnull',
      );
      await expect(connect(url)).rejects.toThrow(/^What answers at .* is no sidecar/);
      expect(accepted()).toBe(2);
    },
  );

  test('does not ask again after 404 Not Found', async () => {
    const { url, accepted } = await listen(
      'HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
    );
    await expect(connect(url)).rejects.toMatchObject({ code: 'SIDECAR_REFUSED' });
    expect(accepted()).toBe(1);
  });

  test.each([
    ['notaurl', {}, /^urls is "notaurl", expected an address such as http:\/\/127\.0\.0\.1:4300/],
    ['ftp://127.0.0.1', {}, /^urls is "ftp:/],
    ['', {}, /^urls is ""/],
    [[], {}, /^urls is an array of 0/],
    ['http://127.0.0.1:1', { timeout: 0 }, /^timeout is 0/],
    ['http://127.0.0.1:1', { timeout: 2 ** 31 }, /^timeout is 2147483648/],
    ['http://127.0.0.1:1', { attempts: 0 }, /^attempts is 0/],
  ])('refuses %j with %j, before it asks', async (urls, options, message) => {
    await expect(connect(urls, options)).rejects.toThrow(message);
  });
});
