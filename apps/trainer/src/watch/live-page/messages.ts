import type { LogEvent } from '../log.ts';

/** What the trainer tells the thread that serves the page. */
export type ToPage =
  | { readonly type: 'open'; readonly host: string; readonly port: number }
  | { readonly type: 'event'; readonly event: LogEvent }
  /** The thread sets `closed[0]` to 1 and wakes who waits for it once all has been sent. */
  | { readonly type: 'close'; readonly closed: Int32Array<SharedArrayBuffer> };

/** What that thread answers to `open`. */
export type FromPage =
  | { readonly type: 'listening'; readonly url: string }
  | { readonly type: 'failed'; readonly code: string | undefined; readonly reason: string };
