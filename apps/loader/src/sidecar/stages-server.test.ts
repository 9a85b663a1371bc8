import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, connectStages, StreamDigest } from '@maskloom/client';
import { tokenMasking } from '@maskloom/core';
import {
  createLoader,
  createPlan,
  createStages,
  createStagesLoader,
  parseState,
  type Stages,
  type State,
} from '@maskloom/loader';
import { createDatasetWriter, type Dataset, openDataset } from '@maskloom/shards';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Sidecar } from './server.ts';
import { serveStages } from './stages-server.ts';

const vocab = { size: 900, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [] };
let folder: string;
let datasets: readonly Dataset[];
let stages: Stages;
const sidecars: Sidecar[] = [];
let events: string[] = [];

async function writeDataset(name: string, longest: number): Promise<Dataset> {
  const writer = await createDatasetWriter(join(folder, name), {
    vocab,
    tokenizerDigest: 'ef'.repeat(32),
  });
  for (let row = 0; row < 40; row++) {
    const length = longest - 2 - (row % 5);
    const inner = Array.from({ length }, (_, index) => 5 + ((row + index) % 895));
    await writer.append({ inputIds: [2, ...inner, 3] });
  }
  await writer.close();
  return await openDataset(join(folder, name));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-stages-sidecar-'));
  datasets = [await writeDataset('short', 16), await writeDataset('long', 64)];
  const strategy = tokenMasking({ rate: 0.15 });
  const [short, long] = datasets as [Dataset, Dataset];
  stages = createStages([
    { plan: createPlan({ dataset: short, strategy, seed: 42n, batch: 8 }), steps: 7 },
    { plan: createPlan({ dataset: long, strategy, seed: 42n, batch: 4 }), steps: 5 },
    { plan: createPlan({ dataset: short, strategy, seed: 1n, batch: 4 }), steps: 3 },
  ]);
});
afterEach(async () => {
  await Promise.all(sidecars.splice(0).map((sidecar) => sidecar.close()));
  events = [];
});
afterAll(() => rm(folder, { recursive: true }));

async function open(stage: number) {
  events.push(`open ${stage}`);
  const { plan } = stages.stages[stage]!;
  const dataset = datasets.find(({ digest }) => digest === plan.datasets[0]!.digest)!;
  const loader = await createLoader({ plan, dataset, workers: 0 });
  const close = loader.close.bind(loader);
  loader.close = async () => {
    events.push(`close ${stage}`);
    await close();
  };
  return { loader, manifest: dataset.manifest };
}

async function start(opening = open): Promise<string> {
  const sidecar = await serveStages({ stages, open: opening });
  sidecars.push(sidecar);
  return sidecar.url;
}

describe('a sidecar of a run in stages', () => {
  test('gives a client the stream of the whole run, resumed at any step, from any replica', async () => {
    const here = createStagesLoader({
      stages,
      open: async (_, stage) => (await open(stage)).loader,
    });
    const whole = new StreamDigest(here.stagesId);
    for await (const { recordBatch } of here.batches()) whole.update(recordBatch);
    await here.close();

    const client = await connectStages([await start(), await start()]);
    expect(client.stagesId).toBe(here.stagesId);
    for (const steps of [0, 6, 7, 11, 12, 15]) {
      const digest = new StreamDigest(client.stagesId);
      let from: State | undefined;
      for await (const { batch, next } of client.batches({ steps })) {
        digest.update(batch);
        from = parseState(JSON.stringify(next));
      }
      const rest = client.batches(from === undefined ? {} : { from });
      for await (const { batch } of rest) digest.update(batch);
      expect(digest.hex()).toBe(whole.hex());
    }
  });

  test('serves each stage below its path as its plan alone would be', async () => {
    const url = await start();
    const client = await connect(`${url}/stages/1`);
    expect(client.plan).toEqual(stages.stages[1]!.plan);
    const epochs: number[] = [];
    for await (const { epoch } of client.batches({ steps: 12 })) epochs.push(epoch);
    expect(epochs.at(-1)).toBe(1);
    const batch = await fetch(`${url}/stages/2/batch?step=3&rank=1&world=2`);
    expect(batch.headers.get('content-type')).toBe('application/vnd.apache.arrow.stream');
  });

  test('tells its stages and health, and what it does not serve', async () => {
    const url = await start();
    const get = async (path: string) => {
      const response = await fetch(`${url}${path}`);
      return { status: response.status, body: (await response.json()) as object };
    };
    const { body } = await get('/stages');
    expect(body).toMatchObject({ stages });
    expect((await get('/healthz')).body).toMatchObject({ status: 'ok' });
    expect(await get('/plan')).toMatchObject({ status: 404, body: { error: { code: 'PATH' } } });
    expect(await get('/stages/3/plan')).toMatchObject({
      status: 404,
      body: { error: { code: 'STAGE', message: 'There is no stage 3, only 0 to 2' } },
    });
    expect(await get('/stages/0/batch?step=99')).toMatchObject({ status: 400 });
    expect((await fetch(`${url}/stages`, { method: 'POST' })).status).toBe(405);
  });

  test('opens a stage when it is asked for, keeps the last two, and closes all in the end', async () => {
    const url = await start();
    expect(events).toEqual([]);
    for (const stage of [0, 1, 0, 2]) await (await fetch(`${url}/stages/${stage}/plan`)).json();
    // Both answers may be read before the server has closed what it no longer keeps.
    await expect.poll(() => events).toEqual(['open 0', 'open 1', 'open 2', 'close 1']);
    await sidecars.pop()!.close();
    expect(events.slice(4).sort()).toEqual(['close 0', 'close 2']);
  });

  test('tries again to open a stage that it could not', async () => {
    let failures = 1;
    const url = await start(async (stage) => {
      if (failures-- > 0) throw new Error('The disk is away');
      return await open(stage);
    });
    const first = await fetch(`${url}/stages/0/plan`);
    expect(first.status).toBe(500);
    expect(await first.text()).toContain('The disk is away');
    expect((await fetch(`${url}/stages/0/plan`)).status).toBe(200);
  });

  test('refuses a client the state of other stages', async () => {
    const client = await connectStages(await start());
    const from = { version: 2, plan: '0'.repeat(64), fields: '', epoch: 0, step: 0 } as const;
    const stream = client.batches({ from: { ...from, stage: 0, stages: '0'.repeat(16) } });
    await expect(stream.next()).rejects.toMatchObject({ code: 'STATE_STAGES' });
  });
});
