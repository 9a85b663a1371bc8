import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LogEvent } from '../log.ts';
import { isAllowedHost } from './allowed-host.ts';
import { createClients } from './clients.ts';
import { createContent } from './content.ts';
import { createPacing } from './pacing.ts';
import { pageScript } from './page/page-script.ts';

/** A page that is served. */
export interface PageServer {
  readonly url: string;
  /** Shows an event, within a second. */
  write(event: LogEvent): void;
  /** Shows those who follow the last figures and that the run is over, and ends all connections. */
  close(): Promise<void>;
}

/** Milliseconds between two looks at the run that are sent: at least, and at most. */
const leastPause = 1000;
const longestPause = 15_000;
/** Milliseconds for the last figures to be sent. */
const farewell = 1500;

/** Serves a page that shows a run: `/`, which follows the server-sent `/events`; and `/metrics`. */
export async function servePage(host: string, port: number): Promise<PageServer> {
  const content = createContent();
  const clients = createClients(content.viewsEvent);

  const server = createServer((request, response) => {
    const refusal = refusalOf(request, host);
    if (refusal !== undefined) {
      response.writeHead(refusal.status, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(`${refusal.reason}\n`);
    } else if (pathOf(request) === '/events') clients.add(response);
    else if (pathOf(request) === '/metrics') {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
      response.end(content.metrics());
    } else {
      response.writeHead(200, pageHeaders);
      response.end(content.document());
    }
  });
  await listen(server, host, port);
  const pacing = createPacing(clients.send, leastPause, longestPause);

  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`,
    write(event) {
      content.write(event);
      pacing.ask();
    },
    async close() {
      pacing.stop();
      content.end();
      server.close();
      await Promise.race([clients.end(), new Promise((resolve) => setTimeout(resolve, farewell))]);
      server.closeAllConnections();
    },
  };
}

const scriptHash = createHash('sha256').update(pageScript).digest('base64');

const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // Whatever the page may hold, it loads nothing else and sends nothing elsewhere.
  'content-security-policy': `default-src 'none'; connect-src 'self'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${scriptHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
};

const paths = ['/', '/events', '/metrics'];

function pathOf({ url = '' }: IncomingMessage): string {
  return url.replace(/\?.*$/, '');
}

interface Refusal {
  readonly status: number;
  readonly reason: string;
}

/** Why a request gets no answer, if so. */
function refusalOf(request: IncomingMessage, host: string): Refusal | undefined {
  const { method = '' } = request;
  if (!isAllowedHost(request.headers.host, host)) {
    const found = request.headers.host ?? 'nothing';
    const reason = `This page is not served as ${found}: open it by the machine's address, its own name, or as localhost`;
    return { status: 421, reason };
  }
  if (method !== 'GET') {
    return { status: 405, reason: `${method} is not served here, only GET` };
  }
  if (paths.includes(pathOf(request))) return undefined;
  return { status: 404, reason: `${pathOf(request)} is not served here, only ${paths.join(', ')}` };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
