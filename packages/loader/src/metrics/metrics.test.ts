import { ArgumentError, tokenMasking } from '@maskloom/core';
import {
  arrowStream,
  type BatchEvent,
  batchStream,
  createLoader,
  createMetrics,
  createPlan,
  type LoaderEvent,
  type Plan,
  prometheusText,
  readDense,
  traceEvents,
} from '@maskloom/loader';
import type { Dataset } from '@maskloom/shards';
import { tableFromIPC } from 'apache-arrow';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeDataset } from '../testing/dataset.ts';

let dataset: Dataset;
let plan: Plan;
beforeAll(async () => {
  dataset = await makeDataset(203);
  plan = createPlan({
    dataset,
    strategy: tokenMasking({ rate: 0.2 }),
    seed: 1n,
    batch: 12,
    last: 'short',
  });
});

describe.each([0, 2])('the events of a loader with %i workers', (workers) => {
  test('count what the batches hold', async () => {
    const metrics = createMetrics();
    const seen: LoaderEvent[] = [];
    const onEvent = (event: LoaderEvent) => {
      seen.push(event);
      metrics.add(event);
    };
    await using loader = await createLoader({ plan, dataset, workers, onEvent });
    let tokens = 0;
    let selected = 0;
    let rows = 0;
    for (const world of [1, 3]) {
      for (let rank = 0; rank < world; rank++) {
        for await (const batch of loader.epoch(0, { rank, world })) {
          const { attentionMask, labels } = readDense(batch.recordBatch);
          tokens += attentionMask.reduce((sum, one) => sum + one, 0);
          selected += labels.filter((label) => label !== -100).length;
          rows += batch.rows;
        }
      }
    }
    const snapshot = metrics.snapshot();
    expect(snapshot).toMatchObject({ batches: 4 * 17, rows, tokens, selected, workerFailures: 0 });
    expect(rows).toBe(2 * 203);
    expect(snapshot.wait.count).toBe(4 * 17);
    expect(snapshot.run.count).toBe(4 * 17);
    expect(snapshot.run.sum).toBeGreaterThan(0);
    expect(snapshot.occupancy).toBeGreaterThanOrEqual(0);
    expect(snapshot.occupancy).toBeLessThanOrEqual(1);
    const batches = seen.filter((event): event is BatchEvent => event.type === 'batch');
    for (const { worker, room, ready, started } of batches) {
      expect(worker).toBeLessThan(Math.max(1, workers));
      expect(ready).toBeLessThanOrEqual(room);
      expect(Math.abs(started - Date.now())).toBeLessThan(600_000);
    }
  });

  test('make a trace of what was computed and what was waited for', async () => {
    const trace: object[] = [];
    const onEvent = (event: LoaderEvent) => void trace.push(...traceEvents(event));
    await using loader = await createLoader({ plan, dataset, workers, onEvent });
    for await (const _ of loader.batches({ steps: 3, rank: 1, world: 2 }));
    expect(trace).toHaveLength(6);
    expect(trace[4]).toMatchObject({ name: 'epoch 0, step 2, rank 1 of 2', ph: 'X', pid: 1 });
    expect(trace[5]).toMatchObject({ name: 'wait for epoch 0, step 2, rank 1 of 2', tid: 0 });
    for (const { ts, dur } of trace as { ts: number; dur: number }[]) {
      expect(dur).toBeGreaterThanOrEqual(0);
      expect(ts / 1000).toBeGreaterThan(Date.now() - 600_000);
    }
  });
});

test('prometheusText() has each metric with its help, and cumulative buckets', async () => {
  const metrics = createMetrics();
  await using loader = await createLoader({ plan, dataset, workers: 0, onEvent: metrics.add });
  for await (const _ of loader.epoch(0));
  const text = prometheusText(metrics.snapshot());
  expect(text).toContain('# TYPE maskloom_batches_total counter\nmaskloom_batches_total 17\n');
  expect(text).toContain('maskloom_run_seconds_bucket{le="+Inf"} 17\n');
  expect(text).toContain('maskloom_run_seconds_count 17\n');
  const buckets = [...text.matchAll(/run_seconds_bucket\{le="[0-9.]+"\} ([0-9]+)/g)];
  const counts = buckets.map(([, count]) => Number(count));
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{le="[^"]+"\})? [0-9.e+-]+)$/);
  }
});

describe('epoch()', () => {
  test('gives the batches of one epoch, from a step on', async () => {
    await using loader = await createLoader({ plan, dataset, workers: 0 });
    const found: string[] = [];
    for await (const { epoch, step } of loader.epoch(3, { from: 12 }))
      found.push(`${epoch} ${step}`);
    expect(found).toEqual(['3 12', '3 13', '3 14', '3 15', '3 16']);
  });

  test('refuses a step that the epoch does not have', async () => {
    await using loader = await createLoader({ plan, dataset, workers: 0 });
    expect(() => loader.epoch(0, { from: 17 })).toThrow(ArgumentError);
  });
});

describe('streams of the web', () => {
  test('batchStream() gives the batches, and computes none before it is asked', async () => {
    let handed = 0;
    const onEvent = (event: LoaderEvent) => {
      if (event.type === 'batch') handed++;
    };
    await using loader = await createLoader({ plan, dataset, workers: 2, onEvent });
    const stream = batchStream(loader, { steps: 20 });
    expect(handed).toBe(0);
    const steps: number[] = [];
    for await (const { step } of stream) {
      steps.push(step);
      expect(handed).toBe(steps.length);
    }
    expect(steps).toEqual([...Array(17).keys(), 0, 1, 2]);
  });

  test('batchStream() frees its slots when it is cancelled', async () => {
    await using loader = await createLoader({ plan, dataset, workers: 2 });
    const reader = batchStream(loader).getReader();
    await reader.read();
    await reader.cancel();
    expect((await reader.read()).done).toBe(true);
  });

  test('arrowStream() is an Arrow IPC stream that may be read ahead', async () => {
    await using loader = await createLoader({ plan, dataset, workers: 2 });
    const parts: Uint8Array[] = [];
    for await (const part of arrowStream(loader, { steps: 17 })) parts.push(part);
    const table = tableFromIPC(Buffer.concat(parts));
    expect(table.numRows).toBe(203);
    const all = new Set([...table.getChild('sample')!].map(String));
    expect(all.size).toBe(203);
  });
});
