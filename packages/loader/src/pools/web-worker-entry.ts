/** @file What a Web Worker runs. */
import { expose, transfer } from 'comlink';
import type { PackedAnswer, WorkerTasks } from './messages.ts';
import { createWorkerCompute, type WorkerStart } from './worker-compute.ts';

/** What is called over comlink. */
export interface WebWorkerApi {
  start(data: WorkerStart): Promise<void>;
  run(message: WorkerTasks): Promise<PackedAnswer[]>;
}

/** Posted before the worker fails: the runtime's own event has no stack. */
export interface WebWorkerFailure {
  readonly failure: { readonly message: string; readonly stack: string | undefined };
}

/** As far as it is needed here: Node's type declarations have no Web Workers. */
declare const self: {
  addEventListener(type: string, listener: (event: FailureEvent) => void): void;
  postMessage(message: WebWorkerFailure): void;
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

let compute: ReturnType<typeof createWorkerCompute>;

const api: WebWorkerApi = {
  async start(data) {
    compute = createWorkerCompute(data);
    await compute;
  },
  async run(message) {
    const answers = await (await compute)(message);
    const buffers = answers.flatMap(([buffer]) => (buffer === undefined ? [] : [buffer]));
    return buffers.length === 0 ? answers : transfer(answers, buffers);
  },
};
expose(api);
