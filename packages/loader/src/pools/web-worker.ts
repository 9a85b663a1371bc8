/** @file Workers of Deno and browsers: Web Workers, called over comlink. */
import { type Remote, transfer, wrap } from 'comlink';
import type { FromWorker } from './messages.ts';
import type { WebWorkerApi, WebWorkerFailure } from './web-worker-entry.ts';
import type { StartWorker, WorkerEnd } from './worker-handle.ts';

/** As far as it is needed here: Node's type declarations have no Web Workers. */
interface WebWorker {
  addEventListener(type: 'error', listener: (event: WebWorkerError) => void): void;
  addEventListener(type: 'messageerror', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  terminate(): void;
}

interface WebWorkerError {
  readonly message?: string;
  readonly filename?: string;
  readonly lineno?: number;
  preventDefault(): void;
}

declare const navigator: { readonly hardwareConcurrency: number };
declare const Worker: new (url: URL, options: { type: 'module'; name: string }) => WebWorker;

/** Processors that this process may use. */
export function processors(): number {
  return navigator.hardwareConcurrency;
}

/** Starts a Web Worker. */
export const startWorker: StartWorker = (start, { onMessage }) => {
  const worker = new Worker(new URL('./web-worker-entry.js', import.meta.url), {
    type: 'module',
    name: 'maskloom',
  });
  let end: (end: WorkerEnd) => void = () => {};
  const failed = new Promise<WorkerEnd>((resolve) => {
    end = resolve;
    const crashed = (problem: string, cause: unknown) =>
      resolve({ code: 'WORKER_CRASHED', problem: `crashed (${problem})`, cause });
    worker.addEventListener('message', ({ data }) => {
      // Comlink's own messages come here as well.
      const { failure } = data as Partial<WebWorkerFailure>;
      if ('answer' in (data as object)) onMessage(data as FromWorker);
      if (failure === undefined) return;
      const cause = new Error(failure.message);
      if (failure.stack !== undefined) cause.stack = failure.stack;
      crashed(failure.message, cause);
    });
    worker.addEventListener('error', (event) => {
      // Deno would end the process.
      event.preventDefault();
      const { message = 'its module did not load', filename, lineno } = event;
      // The worker's own message, with its stack, may still be under way.
      setTimeout(() => {
        const cause = new Error(message);
        cause.stack = `${message}\n    at ${filename}:${lineno}`;
        crashed(message, cause);
      }, 50);
    });
    worker.addEventListener('messageerror', () =>
      crashed('a message could not be read', undefined),
    );
  });
  const api = wrap(worker as never) as unknown as Remote<WebWorkerApi>;

  return {
    ready: api.start(start),
    failed,
    run: (message, buffers) => api.run(transfer(message, [...buffers])),
    async end() {
      worker.terminate();
      // Else what waits for it would wait on.
      end({ code: 'WORKER_EXITED', problem: 'was ended', cause: undefined });
      // No runtime tells when a Web Worker has ended, and in Deno a busy one goes on.
      return false;
    },
  };
};
