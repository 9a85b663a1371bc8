/** @file What a Web Worker runs. */
import { expose } from 'comlink';
import type { FromWorker, ToWorker } from './messages.ts';
import { createWorker, type WorkerStart } from './worker-compute.ts';

/** What is called over comlink. */
export interface WebWorkerApi {
  start(data: WorkerStart): Promise<void>;
  run(message: ToWorker): Promise<void>;
}

/** Posted before the worker fails: the runtime's own event has no stack. */
export interface WebWorkerFailure {
  readonly failure: { readonly message: string; readonly stack: string | undefined };
}

/** As far as it is needed here: Node's type declarations have no Web Workers. */
declare const self: {
  addEventListener(type: string, listener: (event: FailureEvent) => void): void;
  postMessage(message: WebWorkerFailure | FromWorker, buffers?: ArrayBuffer[]): void;
};

interface FailureEvent {
  readonly error?: unknown;
  readonly reason?: unknown;
}

for (const type of ['error', 'unhandledrejection']) {
  self.addEventListener(type, ({ error, reason }) => {
    const thrown = error ?? reason;
    const { message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown));
    self.postMessage({ failure: { message, stack } });
  });
}

let receive: ReturnType<typeof createWorker>;

const api: WebWorkerApi = {
  async start(data) {
    receive = createWorker(data, (message, buffers) => self.postMessage(message, buffers));
    await receive;
  },
  async run(message) {
    await (await receive)(message);
  },
};
expose(api);
