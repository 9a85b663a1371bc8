import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Fault, serveFolder } from '../testing/range-server.ts';
import { openHttpSource } from './http-source.ts';

const bytes = Uint8Array.from({ length: 5000 }, (_, index) => (index * 7) % 251);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-http-'));
  await writeFile(join(folder, 'file'), bytes);
});
afterAll(() => rm(folder, { recursive: true }));

test('a read that breaks off goes on from there, and asks for no byte twice', async () => {
  await using server = await serveFolder(folder);
  const source = await openHttpSource(`${server.url}/file`);
  expect(source.byteLength).toBe(5000);
  const faults: Fault[] = [{ cutAt: 1000 }, { short: 500 }];
  server.fault = () => faults.shift();
  const into = new Uint8Array(4000);
  await source.read(900, into);
  expect(into).toEqual(bytes.subarray(900, 4900));
  const starts = server.requests
    .slice(1)
    .map(({ range }) => /^bytes=(\d+)-4899$/.exec(range!)?.[1]);
  expect(starts).toEqual(['900', '1900', '4400']);
});

test('an answer that stalls is given up and asked for again', async () => {
  await using server = await serveFolder(folder);
  const source = await openHttpSource(`${server.url}/file`, 1000);
  const faults: Fault[] = [{ stall: true }, { stall: true }];
  server.fault = () => faults.shift();
  const into = new Uint8Array(5000);
  await source.read(0, into);
  expect(into).toEqual(bytes);
});

test('a server that cuts off every answer fails a read in bounded time', async () => {
  await using server = await serveFolder(folder);
  const source = await openHttpSource(`${server.url}/file`);
  server.fault = () => ({ cutAt: 0 });
  await expect(source.read(0, new Uint8Array(10))).rejects.toMatchObject({
    code: 'SHARD_READ',
    shard: `${server.url}/file`,
    actual: expect.stringMatching(/ in 5 tries$/),
  });
});

test('closing ends reads under way, and a later read works', async () => {
  await using server = await serveFolder(folder);
  const source = await openHttpSource(`${server.url}/file`);
  for (const fault of [{ stall: true }, { status: 500 }] as const) {
    server.fault = () => fault;
    const reading = source.read(0, new Uint8Array(5000));
    setTimeout(() => source.close(), 200);
    await expect(reading).rejects.toThrow('the dataset closed');
  }
  server.fault = () => undefined;
  const into = new Uint8Array(5000);
  await source.read(0, into);
  expect(into).toEqual(bytes);
});
