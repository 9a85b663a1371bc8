import type { LoaderEvent } from '../loader.ts';

/** An event in the trace event format of Chrome, which Perfetto reads as well: times in microseconds. */
export interface TraceEvent {
  readonly name: string;
  /** `X`: something that took `dur`; `i`: something at an instant. */
  readonly ph: 'X' | 'i';
  readonly ts: number;
  readonly dur?: number;
  readonly pid: number;
  /** 0 is whoever consumes the batches, n + 1 is worker n. */
  readonly tid: number;
  readonly args: Readonly<Record<string, unknown>>;
}

/**
 * What an event of a loader is in a trace: for a batch, how long it was computed, and how long it was waited for. A file
 * with a JSON array of all of them opens in chrome://tracing and ui.perfetto.dev.
 *
 * @example
 * ```ts
 * import { traceEvents } from '@maskloom/loader';
 * const address = { epoch: 0, step: 7, rank: 0, world: 1 };
 * const counts = { rows: 32, tokens: 4096, selected: 600, worker: 1, ready: 3, room: 4 };
 * const times = { started: 1000, computed: 0.3, asked: 1001, waited: 0 };
 * console.log(JSON.stringify(traceEvents({ type: 'batch', ...address, ...counts, ...times })));
 * ```
 */
export function traceEvents(event: LoaderEvent): readonly TraceEvent[] {
  if (event.type !== 'batch') {
    const worker = event.type === 'worker-failure' ? event.worker : -1;
    const ts = Date.now() * 1000;
    const args = 'error' in event ? { message: String(event.error) } : {};
    return [{ name: event.type, ph: 'i', ts, pid: 1, tid: worker + 1, args }];
  }
  const { epoch, step, rank, world, rows, tokens, selected, ready, room } = event;
  const name = `epoch ${epoch}, step ${step}${world === 1 ? '' : `, rank ${rank} of ${world}`}`;
  const at = { ph: 'X', pid: 1 } as const;
  const run = {
    ...at,
    ts: event.started * 1000,
    dur: event.computed * 1000,
    tid: event.worker + 1,
  };
  const wait = { ...at, ts: event.asked * 1000, dur: event.waited * 1000, tid: 0 };
  return [
    { ...run, name, args: { rows, tokens, selected } },
    { ...wait, name: `wait for ${name}`, args: { ready, room } },
  ];
}
