/**
 * @file The sidecar: serves a loader's batches over HTTP as Arrow IPC streams, which every Arrow
 * library reads. It keeps no state between requests: any replica answers any request alike.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ArgumentError } from '@maskloom/core';
import {
  endOfStream,
  type Loader,
  type Metrics,
  prometheusText,
  schemaMessage,
} from '@maskloom/loader';
import type { Manifest } from '@maskloom/shards';
import type { Rank } from '../rank.ts';
import { parseQuery } from './query.ts';

/** A sidecar that listens. */
export interface Sidecar {
  /** Where it listens, such as `http://127.0.0.1:4300`. */
  readonly url: string;
  /** Ends every stream and stops listening. */
  close(): Promise<void>;
}

/** What is served of one plan. */
export interface ServedPlan {
  readonly loader: Loader;
  /** Of the dataset, or what those of a mixture come to. */
  readonly manifest: Pick<Manifest, 'tokenizer' | 'vocab' | 'longest'>;
}

/** Where and how a sidecar serves. */
export interface ListenOptions {
  /** Default 127.0.0.1: only this machine. 0.0.0.0 or :: are all its addresses. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port?: number;
  /** Batches computed ahead for each stream. */
  readonly prefetch?: number;
  /** Slice of each global batch for requests that name none. Default all of it. */
  readonly slice?: Rank;
  /** What `/metrics` tells. */
  readonly metrics?: Metrics;
}

/** Options of {@linkcode serve}. */
export interface SidecarOptions extends ServedPlan, ListenOptions {}

const arrowStream = 'application/vnd.apache.arrow.stream';

/**
 * Starts a sidecar.
 *
 * @throws {ArgumentError} for a host or port that is none.
 */
export function serve(options: SidecarOptions): Promise<Sidecar> {
  return startServer(options, (url, response) => answer(options, url, response));
}

/** Starts a server that answers GET requests. */
export async function startServer(
  { host = '127.0.0.1', port = 0 }: ListenOptions,
  answer: (url: URL, response: ServerResponse) => Promise<void> | void,
): Promise<Sidecar> {
  // To Node an empty host means every address of the machine.
  if (host.trim() === '') throw new ArgumentError('host', 'an address such as 127.0.0.1', host);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new ArgumentError('port', 'an integer from 0 to 65535', port);
  }
  const get = async ({ method, url = '' }: IncomingMessage, response: ServerResponse) => {
    const target = `http://sidecar${url}`;
    if (!url.startsWith('/') || !URL.canParse(target)) {
      return sendError(response, 400, 'PATH', `${url} is no path, expected one from / on`);
    }
    if (method === 'GET') return await answer(new URL(target), response);
    sendError(response, 405, 'METHOD', `${method} is not served here, only GET`);
  };
  const server = createServer((request, response) => {
    get(request, response).catch((error: unknown) => fail(response, error));
  });
  await listen(server, host, port);
  const { port: actual } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
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

/** Answers a request for something of a plan. */
export async function answer(
  options: SidecarOptions,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  switch (url.pathname) {
    case '/healthz':
      return sendJson(response, 200, { status: 'ok', plan: options.loader.planId });
    case '/plan':
      return sendJson(response, 200, describe(options));
    case '/metrics':
      return sendMetrics(options, response);
    case '/batch':
      return sendBatch(options, url, response);
    case '/batches':
      return streamBatches(options, url, response);
    default:
      return sendError(
        response,
        404,
        'PATH',
        `${url.pathname} is not served here, only /healthz, /plan, /metrics, /batch and /batches`,
      );
  }
}

/** Answers a request for metrics. */
export function sendMetrics({ metrics }: ListenOptions, response: ServerResponse): void {
  if (metrics === undefined) {
    sendError(response, 404, 'PATH', 'This sidecar was started without metrics');
    return;
  }
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
  response.end(prometheusText(metrics.snapshot()));
}

function describe({ loader, manifest }: SidecarOptions): object {
  const { plan, planId, stepsPerEpoch } = loader;
  const { tokenizer, vocab, longest } = manifest;
  return { id: planId, plan, stepsPerEpoch, tokenizer, vocab, longest };
}

async function sendBatch(
  { loader, slice }: SidecarOptions,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  const { steps: _, ...address } = parseQuery(url.searchParams, loader.plan, 'batch', slice);
  const batch = await loader.batch(address);
  response.writeHead(200, { 'content-type': arrowStream });
  response.write(schemaMessage(batch.recordBatch.schema));
  response.write(batch.message);
  response.end(endOfStream);
}

async function streamBatches(
  { loader, prefetch, slice }: SidecarOptions,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  const query = parseQuery(url.searchParams, loader.plan, 'dataset', slice);
  const { epoch, step, rank, world, layout, steps } = query;
  const batches = loader.batches({
    from: { epoch, step },
    rank,
    world,
    layout,
    ...(steps === undefined ? {} : { steps }),
    ...(prefetch === undefined ? {} : { prefetch }),
  });
  // The first batch is awaited before the header goes out, so that a bad address is still a 400.
  let next = await batches.next();
  response.writeHead(200, { 'content-type': arrowStream });
  try {
    await write(response, schemaMessage(loader.schema(layout)));
    for (; next.done !== true; next = await batches.next()) {
      // Once the bytes are with the kernel the slot is free again; until then nothing is computed
      // beyond the ring.
      await write(response, next.value.message);
    }
    response.end(endOfStream);
  } catch (error) {
    if (!response.destroyed) throw error;
  } finally {
    await batches.return();
  }
}

function write(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error('The client went away'));
    if (response.destroyed) return onClose();
    response.once('close', onClose);
    response.write(bytes, (error) => {
      response.off('close', onClose);
      if (error) reject(error);
      else resolve();
    });
  });
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    // A stream cut short has no end-of-stream mark: the reader sees that it is torn.
    response.destroy();
    return;
  }
  const { code = 'INTERNAL', message = String(error) } = error as { code?: string } & Error;
  sendError(response, error instanceof RangeError ? 400 : 500, code, message);
}

export function sendError(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
): void {
  sendJson(response, status, { error: { code, message } });
}

export function sendJson(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(value)}\n`);
}
