import { TokenIdError, tokenMasking } from '@maskloom/core';
import {
  createLoader,
  createPlan,
  type Loader,
  LoaderClosedError,
  type LoaderEvent,
  type LoaderOptions,
  type Plan,
  PoolError,
  StreamDigest,
  type WorkerError,
  type WorkerFailureEvent,
} from '@maskloom/loader';
import type { Dataset } from '@maskloom/shards';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeDataset } from '../testing/dataset.ts';

let dataset: Dataset;
let plan: Plan;
let undisturbed: string;
const steps = 30;
beforeAll(async () => {
  dataset = await makeDataset(203);
  const strategy = tokenMasking({ rate: 0.2 });
  plan = createPlan({ dataset, strategy, seed: 42n, batch: 12, last: 'short' });
  await using loader = await createLoader({ plan, dataset, workers: 0 });
  undisturbed = await digestOf(loader);
});

async function digestOf(loader: Loader): Promise<string> {
  const digest = new StreamDigest(loader.planId);
  for await (const batch of loader.batches({ steps, prefetch: 3 }))
    digest.update(batch.recordBatch);
  return digest.hex();
}

/** Options with workers that fail on these steps, so many times each. */
function failing(
  faults: readonly { readonly step: number; readonly kind: string; readonly times?: number }[],
  events: WorkerFailureEvent[] = [],
): LoaderOptions & { readonly left: Int32Array } {
  const left = new Int32Array(new SharedArrayBuffer(4 * faults.length));
  faults.forEach(({ times = 1 }, index) => {
    left[index] = times;
  });
  const module = new URL('../testing/faults.js', import.meta.url).href;
  const onEvent = (event: LoaderEvent) => {
    if (event.type === 'worker-failure') events.push(event);
  };
  return { plan, dataset, workers: 2, onEvent, faults: { module, data: { faults, left } }, left };
}

describe('a worker that', () => {
  test.each([
    ['throws something else', 'WORKER_CRASHED', /not of the batch/],
    ['throws outside of the task', 'WORKER_CRASHED', /outside of any task/],
    ['throws after the task', 'WORKER_CRASHED', /outside of any task/],
    ['rejects outside of the task', 'WORKER_CRASHED', /nobody handles/],
    ['loops and writes', 'WORKER_HUNG', /did not answer for 2000 ms/],
    ['sleeps', 'WORKER_HUNG', /did not answer for 2000 ms/],
    ['never answers', 'WORKER_HUNG', /did not answer for 2000 ms/],
    ['exits', 'WORKER_EXITED', /exited with code 7/],
    ['runs out of memory', 'WORKER_OUT_OF_MEMORY', /ran out of memory/],
  ])('%s is replaced, and the stream digest stays', async (kind, code, message) => {
    const events: WorkerFailureEvent[] = [];
    const options = failing([{ step: 5, kind }], events);
    // Only what hangs is waited for: on a busy machine others may need longer to begin, or to fill the heap.
    const patience = code === 'WORKER_HUNG' ? 2_000 : 30_000;
    await using loader = await createLoader({ ...options, patience, workerHeap: 24 });
    expect(await digestOf(loader)).toBe(undisturbed);
    expect(options.left[0]).toBeLessThanOrEqual(0);
    // Outside of a task it may fail after the stream's end.
    await expect.poll(() => loader.workerFailures).toBe(1);
    expect(events).toHaveLength(1);
    const [{ error, failures, givenUp }] = events as [WorkerFailureEvent];
    expect(error).toMatchObject({ name: 'WorkerError', code });
    expect(error.message).toMatch(message);
    expect([failures, givenUp]).toEqual([1, false]);
    // The worker's own stack says where.
    if (/^throws/.test(kind)) expect(error.stack).toContain('testing/faults.js');
    // What ends at once may take its last answer along: then that is what it seems to have been computing.
    if (kind === 'exits') expect(error.address!.step).toBeLessThanOrEqual(5);
    else if (kind === 'throws after the task') expect(error.address?.step).not.toBe(5);
    else expect(error.address).toEqual({ epoch: 0, step: 5, rank: 0, world: 1 });
  });

  test('fails now and then, in all ways, does not change the stream digest', async () => {
    const kinds = ['exits', 'loops and writes', 'throws outside of the task', 'never answers'];
    const faults = kinds.map((kind, index) => ({ step: 1 + 4 * index, kind, times: 2 }));
    const events: WorkerFailureEvent[] = [];
    await using loader = await createLoader({ ...failing(faults, events), patience: 2_000 });
    expect(await digestOf(loader)).toBe(undisturbed);
    expect(events).toHaveLength(8);
    expect(loader.workerFailures).toBe(8);
  });
});

describe('workers that go on failing', () => {
  const failureOf = async (loader: Loader) =>
    digestOf(loader).then(
      () => undefined,
      (error: unknown) => error,
    );

  test('at one batch end the stream, naming each failure', async () => {
    const faults = [{ step: 7, kind: 'exits', times: 1000 }];
    const events: WorkerFailureEvent[] = [];
    await using loader = await createLoader({ ...failing(faults, events), attempts: 3 });
    const error = (await failureOf(loader)) as PoolError;
    expect(error).toBeInstanceOf(PoolError);
    expect(error.code).toBe('POOL_FAILED');
    expect(error.errors.map(({ code }) => code)).toEqual(Array(3).fill('WORKER_EXITED'));
    expect(error.message).toMatch(/failed 3 times in a row: \(1\) Worker \d exited with code 7, /);
    expect(error.message.match(/computing epoch 0, step 7/g)).toHaveLength(3);
    const atStep = events.filter((event) => 'address' in event && event.address?.step === 7);
    expect(atStep).toMatchObject([{ givenUp: false }, { givenUp: false }, { givenUp: true }]);
    // Other batches are well.
    expect((await loader.batch({ epoch: 0, step: 8 })).step).toBe(8);
  });

  test('at every batch end the stream in bounded time', async () => {
    const faults = Array.from({ length: 17 }, (_, step) => ({
      step,
      kind: 'loops and writes',
      times: 1000,
    }));
    await using loader = await createLoader({ ...failing(faults), attempts: 4, patience: 200 });
    const start = performance.now();
    const error = (await failureOf(loader)) as PoolError;
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(error).toBeInstanceOf(PoolError);
    expect(error.errors.map((one: WorkerError) => one.code)).toContain('WORKER_HUNG');
    await expect(loader.batch({ epoch: 0, step: 8 })).rejects.toBeInstanceOf(PoolError);
  });

  test('when they start say why', async () => {
    const faults = { module: new URL('no-such-file.js', import.meta.url).href, data: {} };
    let events = 0;
    const onEvent = () => {
      events++;
    };
    await using loader = await createLoader({ plan, dataset, workers: 2, onEvent, faults });
    const error = (await failureOf(loader)) as PoolError;
    expect(error).toBeInstanceOf(PoolError);
    expect(error.message).toContain('no-such-file.js');
    // Nobody waits any more: one may still be starting, and no other is started.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = events;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(events).toBe(before);
  });

  test.each([1, 2])(
    'at a batch of its own are nothing to a stream, with %i workers',
    async (workers) => {
      const faults = [{ step: 16, kind: 'exits', times: 1000 }];
      const events: WorkerFailureEvent[] = [];
      const options = { ...failing(faults, events), workers, attempts: 3 };
      await using loader = await createLoader(options);
      const asked = loader.batch({ epoch: 0, step: 16 }).catch((error: unknown) => error);
      let settled = false;
      void asked.then(() => {
        settled = true;
      });
      do {
        let step = 0;
        for await (const batch of loader.batches({ steps: 15, prefetch: 14 })) {
          expect(batch.step).toBe(step++);
          await new Promise((resolve) => setTimeout(resolve));
        }
      } while (!settled);
      const error = (await asked) as PoolError;
      expect(error).toBeInstanceOf(PoolError);
      expect(error.errors.map(({ address }) => address?.step)).toEqual([16, 16, 16]);
      expect(events).toHaveLength(3);
    },
  );
});

describe('an error of the batch itself', () => {
  test('is thrown as it is, by its class, and not tried again', async () => {
    const kind = 'finds an id that is not in the vocabulary';
    const options = failing([{ step: 3, kind, times: 10 }]);
    await using loader = await createLoader(options);
    const error = await digestOf(loader).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TokenIdError);
    expect(error).toMatchObject({ position: 2, id: 5000 });
    expect((error as Error).stack).toContain('testing/faults.js');
    expect(options.left[0]).toBe(9);
    expect(loader.workerFailures).toBe(0);
  });
});

describe('closing', () => {
  test('ends what is under way with a typed error, at once, even if a worker hangs', async () => {
    const loader = await createLoader(failing([{ step: 2, kind: 'loops and writes' }]));
    const stream = loader.batches({ prefetch: 4 });
    await stream.next();
    await stream.next();
    const waiting = stream.next();
    waiting.catch(() => {});
    const start = performance.now();
    await Promise.all([loader.close(), loader.close()]);
    await loader.close();
    expect(performance.now() - start).toBeLessThan(2000);
    await expect(waiting).rejects.toBeInstanceOf(LoaderClosedError);
    await expect(stream.next()).resolves.toEqual({ done: true, value: undefined });
  });

  test.each([0, 2])('refuses later batches, with %i workers', async (workers) => {
    const loader = await createLoader({ plan, dataset, workers });
    const stream = loader.batches();
    const { value } = await stream.next();
    const labels = Uint8Array.from(value!.message);
    await loader.close();
    // What was handed over stays.
    expect(Uint8Array.from(value!.message)).toEqual(labels);
    const closed = { code: 'LOADER_CLOSED', message: /The loader is closed/ };
    await expect(stream.next()).rejects.toMatchObject({ code: closed.code });
    await expect(loader.batch({ epoch: 0, step: 0 })).rejects.toThrow(closed.message);
    await expect(loader.batches().next()).rejects.toThrow(closed.message);
  });

  test('comes with the signal of the loader', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const loader = await createLoader({ plan, dataset, workers: 1, signal });
    await loader.batch({ epoch: 0, step: 0 });
    controller.abort();
    await expect(loader.batch({ epoch: 0, step: 0 })).rejects.toBeInstanceOf(LoaderClosedError);
  });
});

test('a batch that hangs is computed again, though its worker gets on with others', async () => {
  const options = failing([{ step: 16, kind: 'never answers' }]);
  await using loader = await createLoader({ ...options, workers: 1, patience: 300 });
  let steps = 0;
  let asked = true;
  const batch = loader.batch({ epoch: 0, step: 16 }).finally(() => {
    asked = false;
  });
  while (asked) {
    for await (const _ of loader.batches({ steps: 15, prefetch: 2 })) {
      steps++;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  expect((await batch).step).toBe(16);
  expect(loader.workerFailures).toBe(1);
  expect(steps).toBeGreaterThan(30);
});

describe('a stream that is aborted', () => {
  test('ends at once even if its worker hangs, and the loader goes on', async () => {
    const options = failing([{ step: 2, kind: 'never answers' }]);
    await using loader = await createLoader({ ...options, patience: 500 });
    const controller = new AbortController();
    const stream = loader.batches({ signal: controller.signal });
    await stream.next();
    await stream.next();
    const waiting = stream.next();
    const start = performance.now();
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(performance.now() - start).toBeLessThan(100);
    expect(await digestOf(loader)).toBe(undisturbed);
  });

  test('is left by `await using` and by return() without an error', async () => {
    await using loader = await createLoader({ plan, dataset, workers: 1 });
    {
      await using stream = loader.batches();
      await stream.next();
    }
    const stream = loader.batches();
    await stream.next();
    expect(await stream.return()).toEqual({ done: true, value: undefined });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(await digestOf(loader)).toBe(undisturbed);
  });
});

describe('a consumer', () => {
  test('gets every batch, whenever it asks: no thread sleeps while another waits for it', async () => {
    await using loader = await createLoader({ plan, dataset, workers: 2 });
    for (const prefetch of [0, 1, 3, 40, 300]) {
      let step = 0;
      for await (const batch of loader.batches({ steps: 1500, prefetch })) {
        expect(batch.epoch * loader.stepsPerEpoch + batch.step).toBe(step++);
        // At times it asks at once, at times after a turn of the event loop, and at times late.
        if (step % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
        if (step % 250 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      expect(step).toBe(1500);
    }
  });

  test.each([1, 2])(
    'that takes batches without a pause lets timers be heard, with %i workers',
    async (workers) => {
      await using loader = await createLoader({ plan, dataset, workers });
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error('time is up')), 50);
      const start = performance.now();
      const taking = async () => {
        for await (const _ of loader.batches({ prefetch: 64, signal: controller.signal }));
      };
      await expect(taking()).rejects.toThrow('time is up');
      expect(performance.now() - start).toBeLessThan(2000);
    },
  );

  test('may have far more batches ahead than there is room on the board', async () => {
    await using loader = await createLoader({ plan, dataset, workers: 2 });
    const stream = loader.batches({ prefetch: 1024 });
    const steps: number[] = [];
    for (let count = 0; count < 1100; count++) {
      const { value } = await stream.next();
      steps.push(value!.epoch * loader.stepsPerEpoch + value!.step);
    }
    await stream.return();
    expect(steps).toEqual(steps.map((_, step) => step));
  });
});
