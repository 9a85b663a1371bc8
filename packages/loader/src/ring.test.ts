import { tokenMasking } from '@maskloom/core';
import {
  createLoader,
  createPlan,
  type LayoutSpec,
  type Loader,
  type Plan,
  readDense,
} from '@maskloom/loader';
import type { Dataset } from '@maskloom/shards';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { answered, copied, tasks } from './testing/count-work.js';
import { makeDataset } from './testing/dataset.ts';

let dataset: Dataset;
let plan: Plan;
beforeAll(async () => {
  dataset = await makeDataset(203);
  const strategy = tokenMasking({ rate: 0.2 });
  plan = createPlan({ dataset, strategy, seed: 42n, batch: 96 });
});

async function counted(): Promise<Loader & { readonly counts: Int32Array }> {
  const counts = new Int32Array(new SharedArrayBuffer(12));
  const module = new URL('testing/count-work.js', import.meta.url).href;
  const faults = { module, data: { counts } };
  return Object.assign(await createLoader({ plan, dataset, workers: 2, faults }), { counts });
}

const TypedArray = Object.getPrototypeOf(Uint8Array) as { prototype: Uint8Array };
const { set, slice } = TypedArray.prototype;
afterEach(() => {
  Object.assign(TypedArray.prototype, { set, slice });
});

describe('a stream of threads', () => {
  test.each<LayoutSpec>(['dense', { type: 'dense', pad: 'dataset', multiple: 8 }])(
    'has no byte copied between the kernel and the consumer: %j',
    async (layout) => {
      await using loader = await counted();
      const buffers = new Set<ArrayBufferLike>();
      let copies = 0;
      TypedArray.prototype.set = function (source: ArrayLike<number>, offset?: number) {
        const from = ArrayBuffer.isView(source) ? source.buffer : undefined;
        if (buffers.has(this.buffer) || (from && buffers.has(from))) copies++;
        set.call(this, source, offset);
      };
      TypedArray.prototype.slice = function (start?: number, end?: number) {
        if (buffers.has(this.buffer)) copies++;
        return slice.call(this, start, end);
      };
      const steps = 12;
      let selected = 0;
      let bytes = 0;
      for await (const { recordBatch, message } of loader.batches({ steps, layout, prefetch: 2 })) {
        const { inputIds, labels } = readDense(recordBatch);
        buffers.add(message.buffer).add(inputIds.buffer).add(labels.buffer);
        for (const label of labels) if (label !== -100) selected++;
        bytes += message.length;
      }
      expect(selected).toBeGreaterThan(1000);
      expect(buffers.size).toBe(1);
      expect(copies).toBe(0);
      expect(loader.counts[copied]).toBe(0);
      // What is posted tells where columns are, and has none of them.
      expect(loader.counts[answered]! / loader.counts[tasks]!).toBeLessThan(1500);
      expect(bytes / steps).toBeGreaterThan(20_000);
    },
  );

  test('would be seen to copy: a batch by itself, out of the kernel’s own memory, is copied once', async () => {
    await using loader = await counted();
    const { recordBatch } = await loader.batch({ epoch: 0, step: 0 });
    const { inputIds, labels } = readDense(recordBatch);
    expect(loader.counts[copied]).toBe(inputIds.byteLength + labels.byteLength);
  });
});

describe('a consumer that is slow', () => {
  test.each([0, 1, 4])('holds the ring: with prefetch %i no more is computed', async (prefetch) => {
    await using loader = await counted();
    const stream = loader.batches({ prefetch });
    for (let taken = 1; taken <= 4; taken++) {
      await stream.next();
      // Those taken before, the one that is held, and those ahead.
      await expect.poll(() => loader.counts[tasks]).toBe(taken + prefetch);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(loader.counts[tasks]).toBe(taken + prefetch);
    }
    await stream.return();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(loader.counts[tasks]).toBe(4 + prefetch);
  });
});

describe('the ring of a stream that ended', () => {
  test('is used again by the next', async () => {
    await using loader = await createLoader({ plan, dataset, workers: 1 });
    const bufferOf = async (steps: number, prefetch: number) => {
      const buffers = new Set<ArrayBufferLike>();
      for await (const { message } of loader.batches({ steps, prefetch }))
        buffers.add(message.buffer);
      expect(buffers.size).toBe(1);
      return [...buffers][0];
    };
    const first = await bufferOf(7, 2);
    await expect.poll(() => bufferOf(9, 2)).toBe(first);
    expect(await bufferOf(9, 3)).not.toBe(first);
  });
});
