import { albert, sentenceOrder, tokenMasking } from '@maskloom/core';
import {
  createLoader,
  createPlan,
  createStages,
  createStagesLoader,
  type Loader,
  type Plan,
  parseState,
  type Stages,
  type StagesBatchesOptions,
  type StagesLoader,
  type State,
  StreamDigest,
} from '@maskloom/loader';
import type { Dataset } from '@maskloom/shards';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeDataset } from '../testing/dataset.ts';

const strategy = tokenMasking({ rate: 0.2 });
let datasets: readonly Dataset[];
let stages: Stages;
beforeAll(async () => {
  datasets = [await makeDataset(203), await makeDataset(90)];
  const [short, long] = datasets;
  stages = createStages([
    { plan: createPlan({ dataset: short!, strategy, seed: 42n, batch: 12 }), steps: 20 },
    {
      plan: createPlan({ dataset: short!, strategy, seed: 42n, batch: 24, last: 'short' }),
      steps: 9,
    },
    {
      plan: createPlan({ dataset: long!, strategy: sentenceOrder(albert()), seed: 1n, batch: 12 }),
      steps: 10,
    },
  ]);
});

/** What happened to the loaders of stages. */
interface Log {
  readonly events: string[];
  readonly open: (plan: Plan, stage: number) => Promise<Loader>;
}

function logged(workers: number): Log {
  const events: string[] = [];
  return {
    events,
    open: async (plan, stage) => {
      events.push(`open ${stage}`);
      const dataset = datasets.find(({ digest }) => digest === plan.datasets[0]!.digest)!;
      const loader = await createLoader({ plan, dataset, workers });
      const close = loader.close.bind(loader);
      loader.close = async () => {
        events.push(`close ${stage}`);
        await close();
      };
      return loader;
    },
  };
}

async function withLoader<Result>(
  action: (loader: StagesLoader, events: string[]) => Promise<Result>,
  { workers = 0, openAhead = 64 } = {},
): Promise<Result> {
  const { events, open } = logged(workers);
  await using loader = createStagesLoader({ stages, open, openAhead });
  return await action(loader, events);
}

/** Reads as so many ranks; the digest so far, and the state behind. */
async function read(
  loader: StagesLoader,
  options: StagesBatchesOptions & { readonly ranks?: number; readonly digestFrom?: string } = {},
): Promise<{ digest: string; addresses: string[]; next: State | undefined }> {
  const { ranks = 1, digestFrom = loader.stagesId, ...rest } = options;
  const digest = new StreamDigest(digestFrom);
  const addresses: string[] = [];
  let next: State | undefined;
  const streams = Array.from({ length: ranks }, (_, rank) =>
    loader.batches({ ...rest, rank, world: ranks, digest: true }),
  );
  for (;;) {
    const slices = await Promise.all(streams.map((stream) => stream.next()));
    const [first] = slices;
    if (first!.done) return { digest: digest.hex(), addresses, next };
    digest.updateDigests(Buffer.concat(slices.map((slice) => slice.value!.digests!)));
    const { stage, epoch, step } = first!.value;
    addresses.push(`${stage} ${epoch} ${step}`);
    next = first!.value.next;
  }
}

describe('a run in stages', () => {
  test('has the batches of each stage, one stage after the other', async () => {
    const { addresses } = await withLoader((loader) => read(loader));
    expect(addresses).toHaveLength(39);
    expect(addresses.slice(18, 22)).toEqual(['0 1 2', '0 1 3', '1 1 2', '1 1 3']);
    expect(addresses.slice(28, 31)).toEqual(['1 2 1', '2 0 0', '2 0 1']);
  });

  test('has one digest for any workers, ranks, prefetch and layout, chained over all its stages', async () => {
    const digest = new StreamDigest(await withLoader(async ({ stagesId }) => stagesId));
    for (const { plan, from, steps } of stages.stages) {
      const dataset = datasets.find((other) => other.digest === plan.datasets[0]!.digest)!;
      await using loader = await createLoader({ plan, dataset, workers: 0 });
      for await (const batch of loader.batches({ from, steps, digest: true })) {
        digest.updateDigests(batch.digests!);
      }
    }
    for (const [workers, ranks, prefetch, layout] of [
      [0, 1, 0, 'dense'],
      [0, 3, 8, 'compact'],
      [2, 4, 1, { type: 'dense', pad: 'dataset' }],
    ] as const) {
      const options = { ranks, prefetch, layout };
      const found = await withLoader((loader) => read(loader, options), { workers });
      expect(found.digest).toBe(digest.hex());
    }
  });

  test('resumes anywhere, at stage boundaries too, with another world size, as if never stopped', async () => {
    const whole = await withLoader((loader) => read(loader));
    for (const steps of [1, 17, 19, 20, 21, 28, 29, 30, 38, 39]) {
      const before = await withLoader((loader) => read(loader, { steps, ranks: 2 }));
      expect(before.addresses).toHaveLength(steps);
      const from = parseState(JSON.stringify(before.next));
      const after = await withLoader((loader) =>
        read(loader, { from, ranks: 3, digestFrom: before.digest }),
      );
      expect([...before.addresses, ...after.addresses]).toEqual(whole.addresses);
      expect(after.digest).toBe(whole.digest);
    }
  });

  test('gives the same batches one at a time', async () => {
    await withLoader(async (loader, events) => {
      const digest = new StreamDigest(loader.stagesId);
      const { addresses, digest: whole } = await read(loader);
      for (const address of addresses) {
        const [stage, epoch, step] = address.split(' ').map(Number) as [number, number, number];
        const batch = await loader.batch({ stage, epoch, step, digest: true });
        digest.updateDigests(batch.digests!);
      }
      expect(digest.hex()).toBe(whole);
      expect(events.filter((event) => event.startsWith('open'))).toHaveLength(6);
      await expect(loader.batch({ stage: 3, epoch: 0, step: 0 })).rejects.toThrow(/^stage is 3/);
      await expect(loader.batch({ stage: 1, epoch: 0, step: 0 })).rejects.toThrow(/9 of stage 1/);
    });
  });

  test('opens the next stage before its first batch is asked for, and closes those behind', async () => {
    await withLoader(
      async (loader, events) => {
        const seen: string[][] = [];
        for await (const { stage, epoch, step } of loader.batches()) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          if (stage === 0 && epoch * 16 + step === 16) seen.push([...events]);
          if (stage === 0 && epoch * 16 + step === 18) seen.push([...events]);
          if (stage === 1) seen[2] = [...events];
        }
        expect(seen[0]).toEqual(['open 0']);
        expect(seen[1]).toEqual(['open 0', 'open 1']);
        expect(seen[2]).toEqual(['open 0', 'open 1', 'close 0', 'open 2']);
        expect(events).toEqual([...seen[2]!, 'close 1', 'close 2']);
      },
      { openAhead: 2 },
    );
  });

  test('closes what it opened when the reader stops, and when a loader cannot be opened', async () => {
    await withLoader(async (loader, events) => {
      for await (const _ of loader.batches({ prefetch: 0 })) break;
      expect(events.filter((event) => event.startsWith('close')).sort()).toEqual([
        'close 0',
        'close 1',
      ]);
    });
    const { events, open } = logged(0);
    const failing = (plan: Plan, stage: number) =>
      stage === 1 ? Promise.reject(new Error('No dataset for stage 1')) : open(plan, stage);
    await using loader = createStagesLoader({ stages, open: failing });
    let consumed = 0;
    const reading = (async () => {
      for await (const _ of loader.batches()) consumed++;
    })();
    await expect(reading).rejects.toThrow('No dataset for stage 1');
    expect(consumed).toBe(20);
    expect(events).toEqual(['open 0', 'close 0']);
  });

  test('refuses a number of ranks that some stage to come does not divide by, before it starts', async () => {
    await withLoader(async (loader, events) => {
      await expect(loader.batches({ rank: 0, world: 24 }).next()).rejects.toThrow(/^world is 24/);
      await expect(loader.batches({ rank: 0, world: 8 }).next()).rejects.toThrow(/^world is 8/);
      const from = { stage: 1, epoch: 1, step: 2 };
      const { done } = await loader.batches({ from, steps: 9, rank: 0, world: 8 }).next();
      expect(done).toBe(false);
      expect(events.filter((event) => event === 'open 0')).toEqual([]);
    });
  });

  test('gives nothing more once it is closed', async () => {
    await withLoader(
      async (loader, events) => {
        const stream = loader.batches({ prefetch: 0 });
        await stream.next();
        await loader.close();
        await expect(stream.next()).rejects.toMatchObject({ code: 'LOADER_CLOSED' });
        await expect(loader.batches().next()).rejects.toMatchObject({ code: 'LOADER_CLOSED' });
        expect(events).toEqual(['open 0', 'close 0']);
      },
      { openAhead: 0 },
    );
  });

  test('ends with the signal, and gives no batch for no steps', async () => {
    await withLoader(async (loader) => {
      expect((await loader.batches({ steps: 0 }).next()).done).toBe(true);
      await expect(
        loader.batches({ signal: AbortSignal.abort(new Error('stop')) }).next(),
      ).rejects.toThrow('stop');
    });
  });
});
