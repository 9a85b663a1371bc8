import { createServer, get, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before a sidecar, and goes silent after the first bytes of streams of batches. */
export interface StallingProxy {
  readonly url: string;
  /** What the sidecar was asked for in the streams that it began, in order. */
  readonly streams: readonly URLSearchParams[];
  /** Resolves when something was asked for and no sidecar was there. */
  readonly missed: Promise<void>;
  /** Cuts all connections, as the end of a sidecar does that had more to send than sockets hold. */
  cut(): void;
  /** Cuts all connections, and takes no more. */
  close(): void;
}

/**
 * @param bytes of a stream that it passes on
 * @param stalled how many streams that is so for: later ones it passes on whole
 */
export async function startStallingProxy(
  target: string,
  bytes: number,
  stalled = Number.POSITIVE_INFINITY,
): Promise<StallingProxy> {
  const streams: URLSearchParams[] = [];
  const { promise: missed, resolve: miss } = Promise.withResolvers<void>();
  const pass = (path: string, response: ServerResponse): void => {
    const { pathname, searchParams } = new URL(path, target);
    const isStream = pathname === '/batches';
    const request = get(`${target}${path}`, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      if (isStream) streams.push(searchParams);
      let left = isStream && streams.length <= stalled ? bytes : Number.POSITIVE_INFINITY;
      answer.on('data', (data: Uint8Array) => {
        response.write(data.subarray(0, Math.max(0, left)));
        left -= data.length;
      });
      answer.on('end', () => {
        if (left >= 0) response.end();
      });
      answer.on('error', () => response.destroy());
      response.on('close', () => answer.destroy());
    });
    request.on('error', () => {
      miss();
      response.destroy();
    });
  };
  const server = createServer((request, response) => pass(request.url!, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    ...{ streams, missed },
    cut: () => server.closeAllConnections(),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
