import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before a sidecar, and goes silent after the first bytes of each stream of batches. */
export interface StallingProxy {
  readonly url: string;
  /** Cuts all connections, and takes no more. */
  close(): void;
}

/** @param bytes of a stream that it passes on */
export async function startStallingProxy(target: string, bytes: number): Promise<StallingProxy> {
  const server = createServer((request, response) => {
    const isStream = request.url!.startsWith('/batches');
    get(`${target}${request.url}`, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      let left = isStream ? bytes : Number.POSITIVE_INFINITY;
      answer.on('data', (data: Uint8Array) => {
        response.write(data.subarray(0, Math.max(0, left)));
        left -= data.length;
      });
      if (!isStream) answer.on('end', () => response.end());
      response.on('close', () => answer.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
