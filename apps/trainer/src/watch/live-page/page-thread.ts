/** @file The thread that serves the page, so that no reader waits for a step and no step for a reader. */
import type { FromPage, ToPage } from './messages.ts';
import { type PageServer, servePage } from './page-server.ts';

let server: PageServer | undefined;

self.addEventListener('message', ({ data }: MessageEvent<ToPage>) => {
  if (data.type === 'event') server?.write(data.event);
  else if (data.type === 'open') void open(data.host, data.port);
  else void close(data.closed);
});

async function open(host: string, port: number): Promise<void> {
  try {
    server = await servePage(host, port);
    answer({ type: 'listening', url: server.url });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    answer({ type: 'failed', code, reason: message });
  }
}

async function close(closed: Int32Array<SharedArrayBuffer>): Promise<void> {
  await server?.close();
  Atomics.store(closed, 0, 1);
  Atomics.notify(closed, 0);
}

function answer(message: FromPage): void {
  self.postMessage(message);
}
