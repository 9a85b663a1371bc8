import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** What a server does wrong with one answer; `undefined` for nothing. */
export type Fault =
  | { readonly status: number }
  /** Ends the connection after so many bytes of the body. */
  | { readonly cutAt: number }
  /** Says and sends so many bytes less. */
  | { readonly short: number }
  /** Sends the right number of bytes, of which one is wrong. */
  | { readonly flip: number }
  /** Sends the first half, and then nothing more. */
  | { readonly stall: true }
  /** Sends the whole file whatever was asked for. */
  | { readonly whole: true }
  | undefined;

/** A web server of a folder's files that answers range requests. */
export interface RangeServer extends AsyncDisposable {
  readonly url: string;
  /** Of each request the path and the range. */
  readonly requests: { readonly path: string; readonly range: string | undefined }[];
  /** Chooses what goes wrong. */
  fault: (path: string, range: string | undefined) => Fault;
}

export async function serveFolder(folder: string): Promise<RangeServer> {
  const requests: { path: string; range: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://server');
    const { range } = request.headers;
    requests.push({ path: pathname, range });
    const fault = running.fault(pathname, range);
    readFile(join(folder, decodeURIComponent(pathname))).then(
      (file) => answer(response, file, range, fault),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const running: RangeServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    fault: () => undefined,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return running;
}

function answer(
  response: ServerResponse,
  file: Buffer,
  range: string | undefined,
  fault: Fault,
): void {
  if (fault !== undefined && 'status' in fault) {
    response.writeHead(fault.status).end('no');
    return;
  }
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
  if (first === undefined || (fault !== undefined && 'whole' in fault)) {
    response.writeHead(200, { 'content-length': file.length }).end(file);
    return;
  }
  const [start, end] = [Number(first), Math.min(Number(last), file.length - 1)];
  const body = Buffer.from(file.subarray(start, end + 1));
  const headers = {
    'content-range': `bytes ${start}-${end}/${file.length}`,
    'content-length': body.length,
  };
  if (fault !== undefined && 'flip' in fault) body[fault.flip % body.length]! ^= 0x20;
  if (fault !== undefined && 'short' in fault) {
    const less = body.subarray(0, Math.max(0, body.length - fault.short));
    response.writeHead(206, { ...headers, 'content-length': less.length }).end(less);
  } else if (fault !== undefined && 'cutAt' in fault) {
    response.writeHead(206, headers);
    response.write(body.subarray(0, fault.cutAt), () => response.destroy());
  } else if (fault !== undefined && 'stall' in fault) {
    response.writeHead(206, headers).write(body.subarray(0, body.length >> 1));
  } else response.writeHead(206, headers).end(body);
}
