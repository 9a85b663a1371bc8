import type { LoaderEvent } from '../loader.ts';
import { bounds, Histogram, type HistogramCounts } from './histogram.ts';

/** What happened so far. */
export interface MetricsSnapshot {
  readonly batches: number;
  readonly rows: number;
  /** Without padding. */
  readonly tokens: number;
  /** Tokens that were selected to be predicted. */
  readonly selected: number;
  /** Milliseconds that consumers waited for their batches. */
  readonly wait: HistogramCounts;
  /** Milliseconds that computing the batches took. */
  readonly run: HistogramCounts;
  /** Mean share of the rings' room that was computed ahead when a batch was handed over, 0 to 1. */
  readonly occupancy: number;
  readonly workerFailures: number;
  /** Entries of the cache that were torn or altered. */
  readonly cacheEntriesLost: number;
}

/** Adds up the events of loaders. */
export interface Metrics {
  /** To be called with each event of a loader. */
  add(event: LoaderEvent): void;
  snapshot(): MetricsSnapshot;
}

/**
 * Counts what loaders do.
 *
 * @example
 * ```ts
 * import { tokenMasking } from '@maskloom/core';
 * import { createLoader, createMetrics, createPlan } from '@maskloom/loader';
 * import { openDataset } from '@maskloom/shards';
 * const dataset = await openDataset('data/sotu');
 * const strategy = tokenMasking({ rate: 0.15 });
 * const plan = createPlan({ dataset, strategy, seed: 42n, batch: 32 });
 * const metrics = createMetrics();
 * const loader = await createLoader({ plan, dataset, onEvent: metrics.add });
 * for await (const batch of loader.epoch(0)) console.log(batch.step);
 * await loader.close();
 * const { tokens, selected, wait } = metrics.snapshot();
 * console.log(`${selected / tokens} of the tokens selected, ${wait.sum} ms waited`);
 * ```
 */
export function createMetrics(): Metrics {
  const wait = new Histogram();
  const run = new Histogram();
  let batches = 0;
  let rows = 0;
  let tokens = 0;
  let selected = 0;
  let occupied = 0;
  let workerFailures = 0;
  let cacheEntriesLost = 0;

  return {
    add(event) {
      if (event.type === 'batch') {
        batches++;
        rows += event.rows;
        tokens += event.tokens;
        selected += event.selected;
        occupied += event.room === 0 ? 0 : event.ready / event.room;
        wait.add(event.waited);
        run.add(event.computed);
      } else if (event.type === 'worker-failure') workerFailures++;
      else if (event.type === 'cache-entry') cacheEntriesLost++;
    },
    snapshot: () => ({
      batches,
      rows,
      tokens,
      selected,
      wait: wait.counts(),
      run: run.counts(),
      occupancy: batches === 0 ? 0 : occupied / batches,
      workerFailures,
      cacheEntriesLost,
    }),
  };
}

/** Metrics in the text format of Prometheus, version 0.0.4; durations are in seconds there. */
export function prometheusText(snapshot: MetricsSnapshot): string {
  const lines: string[] = [];
  const metric = (name: string, type: string, help: string, ...values: string[]) => {
    lines.push(`# HELP maskloom_${name} ${help}`, `# TYPE maskloom_${name} ${type}`, ...values);
  };
  const one = (name: string, type: string, help: string, value: number) =>
    metric(name, type, help, `maskloom_${name} ${value}`);
  one('batches_total', 'counter', 'Batches handed over.', snapshot.batches);
  one('rows_total', 'counter', 'Rows of these batches.', snapshot.rows);
  one('tokens_total', 'counter', 'Tokens of their samples, without padding.', snapshot.tokens);
  one('selected_tokens_total', 'counter', 'Tokens selected to be predicted.', snapshot.selected);
  one('worker_failures_total', 'counter', 'Workers that failed.', snapshot.workerFailures);
  one(
    'cache_entries_lost_total',
    'counter',
    'Entries of the cache that were torn or altered.',
    snapshot.cacheEntriesLost,
  );
  one(
    'ring_occupancy_ratio',
    'gauge',
    'Mean share of the ring computed ahead when a batch was handed over.',
    snapshot.occupancy,
  );
  const durations = (name: string, help: string, { cells, count, sum }: HistogramCounts) => {
    const full = `maskloom_${name}`;
    let below = 0;
    const buckets = bounds.map((bound, index) => {
      below += cells[index]!;
      return `${full}_bucket{le="${bound / 1000}"} ${below}`;
    });
    const all = `${full}_bucket{le="+Inf"} ${count}`;
    metric(
      name,
      'histogram',
      help,
      ...buckets,
      all,
      `${full}_sum ${sum / 1000}`,
      `${full}_count ${count}`,
    );
  };
  durations('wait_seconds', 'Time that consumers waited for a batch.', snapshot.wait);
  durations('run_seconds', 'Time that computing a batch took.', snapshot.run);
  return `${lines.join('\n')}\n`;
}
