import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { type AddressInfo, connect as connectSocket, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, SidecarError, StreamDigest } from '@maskloom/client';
import { tokenMasking } from '@maskloom/core';
import { createLoader, createPlan, type Loader } from '@maskloom/loader';
import { createDatasetWriter, type Dataset, openDataset } from '@maskloom/shards';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Sidecar, serve } from './server.ts';

const vocab = { size: 900, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [] };
let folder: string;
let dataset: Dataset;
let loader: Loader;
const sidecars: Sidecar[] = [];
const proxies: Server[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-sidecar-'));
  const writer = await createDatasetWriter(join(folder, 'data'), {
    vocab,
    tokenizerDigest: 'ef'.repeat(32),
  });
  for (let row = 0; row < 100; row++) {
    const inner = Array.from({ length: 10 + (row % 20) }, (_, index) => 5 + ((row + index) % 895));
    await writer.append({ inputIds: [2, ...inner, 3] });
  }
  await writer.close();
  dataset = await openDataset(join(folder, 'data'));
  const strategy = tokenMasking({ rate: 0.15 });
  const plan = createPlan({ dataset, strategy, seed: 42n, batch: 8, last: 'short' });
  loader = await createLoader({ plan, dataset, workers: 1 });
});
afterEach(async () => {
  await Promise.all(sidecars.splice(0).map((sidecar) => sidecar.close()));
  for (const proxy of proxies.splice(0)) proxy.close();
});
afterAll(async () => {
  await loader.close();
  await rm(folder, { recursive: true });
});

async function start(port = 0): Promise<Sidecar> {
  const sidecar = await serve({ loader, manifest: dataset.manifest, port });
  sidecars.push(sidecar);
  return sidecar;
}

/** A way to a sidecar: after so many bytes connections stay open, and nothing comes through any more. */
async function throughAProxy(
  url: string,
  bytes: number,
): Promise<{ url: string; isSilent: () => boolean }> {
  let left = bytes;
  const proxy = createServer((socket) => {
    const onward = connectSocket(Number(new URL(url).port), '127.0.0.1');
    socket.on('data', (part) => onward.write(part));
    onward.on('data', (part) => {
      socket.write(part.subarray(0, Math.max(0, left)));
      left -= part.length;
    });
    socket.on('close', () => onward.destroy()).on('error', () => {});
    onward.on('close', () => socket.destroy()).on('error', () => {});
  }).listen(0, '127.0.0.1');
  proxies.push(proxy);
  await new Promise((resolve) => proxy.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    isSilent: () => left <= 0,
  };
}

async function digestInProcess(steps: number): Promise<string> {
  const digest = new StreamDigest(loader.planId);
  for await (const batch of loader.batches({ steps })) digest.update(batch.recordBatch);
  return digest.hex();
}

describe('a sidecar', () => {
  test('listens on loopback, and tells its health and plan', async () => {
    const { url } = await start();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({
      status: 'ok',
      plan: loader.planId,
    });
    expect(await (await fetch(`${url}/plan`)).json()).toMatchObject({
      id: loader.planId,
      plan: JSON.parse(JSON.stringify(loader.plan)),
      stepsPerEpoch: 13,
    });
  });

  test('streams what the loader gives in process, in every layout, through epochs', async () => {
    const { url } = await start();
    const client = await connect(url);
    const expected = await digestInProcess(30);
    for (const layout of ['dense', 'compact', 'varlen'] as const) {
      const digest = new StreamDigest(client.planId);
      const places = [];
      for await (const { epoch, step, batch } of client.batches({ steps: 30, layout })) {
        digest.update(batch);
        places.push(`${epoch}/${step}`);
      }
      expect(digest.hex()).toBe(expected);
      expect([places[0], places[12], places[13], places[29]]).toEqual([
        '0/0',
        '0/12',
        '1/0',
        '2/3',
      ]);
    }
  });

  test('serves a single batch that Node reads with fetch', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/batch?epoch=1&step=2&rank=1&world=4&layout=compact`);
    expect(response.headers.get('content-type')).toBe('application/vnd.apache.arrow.stream');
    const table = tableFromIPC(new Uint8Array(await response.arrayBuffer()));
    const batch = await loader.batch({ epoch: 1, step: 2, rank: 1, world: 4, layout: 'compact' });
    expect([...table.getChild('sample')!]).toEqual([...batch.recordBatch.getChild('sample')!]);
  });

  test('goes no further than its ring for a client that does not read', async () => {
    const { url } = await start();
    // An endless stream: without back-pressure the heap would grow until the process ended.
    const used: number[] = [];
    await new Promise<void>((resolve, reject) => {
      const client = request(`${url}/batches?layout=dense`, (response) => {
        response.pause();
        setTimeout(() => used.push(process.memoryUsage().rss), 300);
        setTimeout(() => {
          used.push(process.memoryUsage().rss);
          client.destroy();
          resolve();
        }, 1300);
      });
      client.on('error', reject);
      client.end();
    });
    expect(used[1]! - used[0]!).toBeLessThan(64 * 2 ** 20);
  });

  test.each([
    ['/batches?step=13', 400, /step is 13, expected an integer from 0 to 12/],
    ['/batches?world=3', 400, /world is 3, expected a divisor of the global batch of 8 rows/],
    ['/batches?epoch=-1', 400, /epoch is "-1"/],
    ['/batches?layout=wide', 400, /layout is "wide"/],
    ['/batch?stepp=1', 400, /query is "stepp"/],
    ['/other', 404, /\/other is not served here/],
  ])('answers %s with %i and the reason', async (path, status, message) => {
    const { url } = await start();
    const response = await fetch(url + path);
    expect(response.status).toBe(status);
    const body = (await response.json()) as { error: { code: string; message: string } };
    expect(body.error.message).toMatch(message);
  });

  test.each([
    ['//', 404],
    ['//plan', 404],
    ['/%zz', 404],
    ['http://elsewhere/plan', 400],
    ['*', 400],
  ])('answers the request target %s with %i', async (path, status) => {
    const { url } = await start();
    const found = await new Promise((resolve, reject) => {
      const { port } = new URL(url);
      const sent = request({ host: '127.0.0.1', port, path }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.once('error', reject).end();
    });
    expect(found).toBe(status);
  });

  test('does not listen on every address because its host is empty, nor on a port that is none', async () => {
    const options = { loader, manifest: dataset.manifest };
    await expect(serve({ ...options, host: ' ' })).rejects.toThrow(/^host is " ", expected/);
    await expect(serve({ ...options, port: 99_999 })).rejects.toThrow(/^port is 99999, expected/);
  });

  test('refuses other methods', async () => {
    const { url } = await start();
    expect((await fetch(`${url}/plan`, { method: 'POST' })).status).toBe(405);
  });

  test('fails to start on a port in use', async () => {
    const { url } = await start();
    await expect(start(Number(new URL(url).port))).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('a client', () => {
  test('goes on with another replica when one dies, and loses no batch', async () => {
    const [first, second] = [await start(), await start()];
    const client = await connect([first.url, second.url]);
    const digest = new StreamDigest(client.planId);
    let seen = 0;
    for await (const { batch } of client.batches({ steps: 30, layout: 'compact' })) {
      digest.update(batch);
      if (++seen === 5) await first.close();
    }
    expect(seen).toBe(30);
    expect(digest.hex()).toBe(await digestInProcess(30));
  });

  test('says what to do when the sidecar is gone for good', async () => {
    const { url, close } = await start();
    const client = await connect(url, { attempts: 2 });
    const read = async () => {
      for await (const { step } of client.batches()) if (step === 3) await close();
    };
    await expect(read()).rejects.toThrow(
      /No sidecar answers at http.* while reading epoch \d+, step \d+ .*: start `maskloom serve` again/,
    );
    await expect(connect(url, { attempts: 1 })).rejects.toMatchObject({ code: 'SIDECAR_GONE' });
  });

  test('goes on with another replica when one falls silent, and loses no batch', async () => {
    const [first, second] = [await start(), await start()];
    // Half-open: the connection stays, and after so many bytes nothing more comes through it.
    const { url, isSilent } = await throughAProxy(first.url, 20_000);
    const client = await connect([url, second.url], { timeout: 300 });
    const digest = new StreamDigest(client.planId);
    let seen = 0;
    for await (const { batch } of client.batches({ steps: 60, layout: 'compact' })) {
      digest.update(batch);
      seen++;
    }
    expect([seen, isSilent()]).toEqual([60, true]);
    expect(digest.hex()).toBe(await digestInProcess(60));
  });

  test('does not blame the sidecar for the time its consumer takes', async () => {
    const { url } = await start();
    const client = await connect(url, { timeout: 200, attempts: 1 });
    let seen = 0;
    for await (const _ of client.batches({ steps: 3 })) {
      await new Promise((resolve) => setTimeout(resolve, 400));
      seen++;
    }
    expect(seen).toBe(3);
  });

  test('ends with the reason of its signal, at once, waiting or not', async () => {
    const { url: direct } = await start();
    const { url, isSilent } = await throughAProxy(direct, 20_000);
    const client = await connect(url);
    const controller = new AbortController();
    const reason = { any: 'reason' };
    let aborted = 0;
    const read = async () => {
      for await (const { step } of client.batches({ signal: controller.signal })) {
        if (step !== 3) continue;
        setTimeout(() => {
          aborted = performance.now();
          controller.abort(reason);
        }, 300);
      }
    };
    await expect(read()).rejects.toBe(reason);
    expect(performance.now() - aborted).toBeLessThan(500);
    expect(isSilent()).toBe(true);
    const late = (await connect(direct)).batches({ signal: AbortSignal.timeout(100) });
    const readOn = async () => {
      for await (const _ of late);
    };
    await expect(readOn()).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('passes on why the sidecar refused, without trying again', async () => {
    const { url } = await start();
    const client = await connect(url);
    const stream = client.batches({ world: 3 });
    await expect(stream.next()).rejects.toThrow(/divisor of the global batch of 8 rows/);
    await expect(client.batches({ world: 3 }).next()).rejects.toBeInstanceOf(SidecarError);
  });

  test('refuses a replica with another plan', async () => {
    const strategy = tokenMasking({ rate: 0.3 });
    const plan = createPlan({ dataset, strategy, seed: 42n, batch: 8 });
    await using other = await createLoader({ plan, dataset, workers: 0 });
    const first = await start();
    const second = await serve({ loader: other, manifest: dataset.manifest });
    sidecars.push(second);
    const client = await connect([first.url, second.url]);
    await first.close();
    await expect(client.batches().next()).rejects.toMatchObject({ code: 'SIDECAR_PLAN' });
  });
});
