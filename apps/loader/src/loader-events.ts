import { createMetrics, type LoaderEvent, logEvent, type Metrics } from '@maskloom/loader';
import { openTrace } from './trace-file.ts';

/** How every command that makes batches names and describes its trace. */
export const traceOption = [
  '--trace <file>',
  'write a trace of every batch, which chrome://tracing and ui.perfetto.dev open',
] as const;

/** What a command does with the events of its loaders. */
export interface LoaderEvents extends Disposable {
  readonly metrics: Metrics;
  readonly onEvent: (event: LoaderEvent) => void;
}

/** Counts events, logs those that are worth it, and traces all of them if asked for. */
export function loaderEvents(traceFile: string | undefined): LoaderEvents {
  const metrics = createMetrics();
  const trace = traceFile === undefined ? undefined : openTrace(traceFile);
  return {
    metrics,
    onEvent(event) {
      metrics.add(event);
      trace?.add(event);
      logEvent(event);
    },
    [Symbol.dispose]: () => trace?.close(),
  };
}
