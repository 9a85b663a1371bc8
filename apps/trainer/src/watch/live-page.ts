import { TrainingError } from '../errors.ts';
import { Worker } from '../threads.ts';
import type { FromPage, ToPage } from './live-page/messages.ts';
import type { Log } from './log.ts';

/** Where the page is served. */
export interface LivePageOptions {
  /** Default 127.0.0.1: only this machine. 0.0.0.0 or :: are all its addresses. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
}

/** Most milliseconds that `close` waits for the thread to send the last figures, which takes a few. */
const farewell = 2000;

/**
 * Serves a page that shows a run while it goes on, and keeps showing those who have it open what it showed last.
 * A thread of its own serves it, so that a step never waits for a reader; what the thread remembers of a run is
 * bounded. It also serves `/metrics`, in the text format of Prometheus.
 *
 * @throws {TrainingError} with code LIVE, if it cannot listen there.
 */
export async function openLivePage({
  host = '127.0.0.1',
  port,
}: LivePageOptions): Promise<Log & { readonly url: string }> {
  check(host, port);
  const thread = new Worker(new URL('live-page/page-thread.ts', import.meta.url), {
    type: 'module',
  });
  const tell = (message: ToPage): void => thread.postMessage(message);
  const answer = new Promise<FromPage>((resolve) => {
    thread.onmessage = ({ data }: MessageEvent<FromPage>) => resolve(data);
    thread.onerror = (event) => {
      // Else it would end the training.
      event.preventDefault();
      resolve({ type: 'failed', code: undefined, reason: event.message });
    };
  });
  tell({ type: 'open', host, port });
  const opened = await answer;
  if (opened.type === 'failed') {
    thread.terminate();
    throw new TrainingError('LIVE', problem(host, port, opened));
  }
  let isOpen = true;
  thread.onerror = (event) => {
    event.preventDefault();
    isOpen = false;
    console.error(`the live page has ended (${event.message}); the training goes on`);
  };
  return {
    url: opened.url,
    write: (event) => tell({ type: 'event', event }),
    close() {
      if (isOpen) {
        const closed = new Int32Array(new SharedArrayBuffer(4));
        tell({ type: 'close', closed });
        Atomics.wait(closed, 0, 0, farewell);
      }
      isOpen = false;
      thread.terminate();
    },
  };
}

function check(host: string, port: number): void {
  // An empty host would mean every address of the machine.
  if (host.trim() === '') {
    throw new TrainingError('LIVE', 'The live page has an empty host, expected 127.0.0.1 or such');
  }
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new TrainingError(
      'LIVE',
      `The live page has the port ${port}, expected an integer from 0 to 65535`,
    );
  }
}

function problem(
  host: string,
  port: number,
  { code, reason }: FromPage & { type: 'failed' },
): string {
  const another = 'give --live another port, or 0 for any that is free';
  if (code === 'EADDRINUSE') return `Port ${port} of ${host} is in use: ${another}`;
  return `Cannot serve the live page at port ${port} of ${host} (${reason}): ${another}`;
}
