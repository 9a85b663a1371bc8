import {
  copyFile,
  mkdtemp,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Dataset, openDataset } from '../dataset.ts';
import { openSamples } from '../open-samples.ts';
import type { Samples } from '../samples.ts';
import { idsOf, writeDataset } from '../testing/dataset.ts';
import { type Fault, serveFolder } from '../testing/range-server.ts';

const rows = 8000;
const everyRow = Array.from({ length: rows }, (_, row) => row);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-paging-'));
  await writeDataset(join(folder, 'data'), rows);
});
afterEach(() => rm(folder, { recursive: true }));

/** Opens the dataset with a quarter of the memory that its shards take. */
async function openPaged(directory = join(folder, 'data')): Promise<Dataset> {
  const { shards } = JSON.parse(await readFile(join(folder, 'data', 'manifest.json'), 'utf8'));
  const bytes = shards.reduce((sum: number, shard: { bytes: number }) => sum + shard.bytes, 0);
  const dataset = await openDataset(directory, { memory: Math.floor(bytes / 4) });
  expect(dataset.load).toBeDefined();
  return dataset;
}

/** Loads rows and compares them with what was written. */
async function check(samples: Samples, wanted: readonly number[], lengths: readonly number[] = []) {
  using ready = await samples.load!({ rows: wanted, lengths });
  for (const row of wanted) {
    expect([...ready.sample(row)]).toEqual(idsOf(row));
    expect([...ready.units(row)!]).toEqual(idsOf(row).map((id) => id & 1));
    expect(ready.segment(row)).toBe(row);
    expect(ready.length(row)).toBe(idsOf(row).length);
  }
  for (const row of lengths) expect(ready.length(row)).toBe(idsOf(row).length);
}

/** Alters the bytes of a row's ids in its shard, and returns what an error must name. */
async function alter({ manifest, directory }: Dataset, row: number) {
  const shard = Math.floor(row / 512);
  const recordBatch = Math.floor((row % 512) / 256);
  const path = join(directory, manifest.shards[shard]!.path);
  const { offset, bytes, sha256 } = manifest.shards[shard]!.recordBatches[recordBatch]!;
  const file = await open(path, 'r+');
  const range = new Uint8Array(bytes);
  await file.read(range, 0, bytes, offset);
  const at = Buffer.from(range).indexOf(Buffer.from(Uint16Array.from(idsOf(row)).buffer));
  expect(at).toBeGreaterThan(0);
  await file.write(Uint8Array.of(range[at]! ^ 1), 0, 1, offset + at);
  await file.close();
  const expected = `SHA-256 ${sha256}`;
  return { code: 'SHARD_CHECKSUM', shard: path, recordBatch, offset, bytes, expected };
}

describe('samples beyond the memory budget', () => {
  test('are what was written, whatever is asked for, in whatever order', async () => {
    const dataset = await openPaged();
    const numbers = fc.array(fc.nat(rows - 1), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(numbers, numbers, (wanted, lengths) => check(dataset, wanted, lengths)),
      { numRuns: 60 },
    );
    await check(dataset, everyRow);
  });

  test('are so with several loads at once, and in another thread', async () => {
    const { manifest, shards } = await openPaged();
    const samples = openSamples(manifest, structuredClone(shards), { cache: 0 });
    const loads = Array.from({ length: 20 }, (_, load) =>
      check(
        samples,
        everyRow.filter((row) => row % 20 === load),
      ),
    );
    await Promise.all(loads);
    samples.readAhead!(() => everyRow.slice(2500, 3540));
    await check(samples, everyRow.slice(2500, 3540));
  });

  test('have to be loaded first', async () => {
    const dataset = await openPaged();
    expect([...dataset.sample(0)]).toEqual(idsOf(0));
    for (const method of ['sample', 'length', 'segment', 'units'] as const) {
      expect(() => dataset[method](7999)).toThrow(
        'row is 7999, expected one that load() made ready: its shard is not in memory',
      );
    }
    await expect(dataset.load!({ rows: [rows] })).rejects.toThrow(/Row 8000 is not in the dataset/);
  });

  test('are asked for once over HTTP, by record batch', async () => {
    await using server = await serveFolder(join(folder, 'data'));
    const remote = await openPaged(server.url);
    server.requests.length = 0;
    await check(remote, [7999, 7998, 7700, 2000]);
    const ranges = server.requests.map(({ path, range }) => `${path} ${range}`);
    expect(ranges).toHaveLength(new Set(ranges).size);
    // The sizes of two shards, two record batches of one and one of the other.
    expect(ranges).toHaveLength(5);
    await check(remote, [7700]);
    server.requests.length = 0;
    await check(remote, [7700, 7701]);
    expect(server.requests).toHaveLength(0);
  });
});

test('of many shards, few files are open at a time, and none once closed', async () => {
  const many = join(folder, 'many');
  await writeDataset(many, 3200, { rowsPerRecordBatch: 16, rowsPerShard: 16 });
  const dataset = await openDataset(many, { memory: 100_000 });
  const openFiles = async () => {
    const descriptors = await readdir('/proc/self/fd');
    const paths = await Promise.all(
      descriptors.map((descriptor) => readlink(`/proc/self/fd/${descriptor}`).catch(() => '')),
    );
    return paths.filter((path) => path.startsWith(many)).length;
  };
  for (const step of [1, 7]) {
    await check(
      dataset,
      everyRow.slice(0, 3200).map((row) => (row * step) % 3200),
    );
    expect(await openFiles()).toBeLessThanOrEqual(64);
    expect(await openFiles()).toBeGreaterThan(0);
  }
  dataset.close!();
  expect(await openFiles()).toBe(0);
  await check(dataset, [3199]);
  dataset.close!();
});

test('what is read ahead is not asked for again', async () => {
  await using server = await serveFolder(join(folder, 'data'));
  const remote = await openPaged(server.url);
  await check(remote, [7000]);
  server.requests.length = 0;
  remote.readAhead!(() => [7700, 7701, 6000, 0]);
  await check(remote, [7700]);
  await check(remote, [6000]);
  // The sizes of two shards, and a record batch of each.
  expect(server.requests).toHaveLength(4);
  expect(new Set(server.requests.map(({ path, range }) => `${path} ${range}`)).size).toBe(4);
});

describe('what happens to a shard after opening', () => {
  test('an altered record batch is found before its first use, and named', async () => {
    const dataset = await openPaged();
    const error = await alter(dataset, 7950);
    await expect(dataset.load!({ rows: [7950] })).rejects.toMatchObject(error);
    await expect(dataset.load!({ rows: [3000], lengths: [7951] })).rejects.toMatchObject(error);
    await expect(dataset.load!({ rows: [7950] })).rejects.toThrow(
      /shard-00015.arrow, record batch 1 \(bytes \d+ to \d+\): found SHA-256 [0-9a-f]{64}, expected SHA-256 [0-9a-f]{64};/,
    );
    // Others are as they were.
    await check(dataset, [7800, 5, 2000]);
  });

  test('an altered row is found when it is read again, wherever in it, and other rows can be used', async () => {
    const dataset = await openPaged();
    await check(dataset, everyRow);
    // The cache has the last ones only.
    const error = await alter(dataset, 2200);
    await expect(dataset.load!({ rows: [2200] })).rejects.toMatchObject(error);
    await expect(dataset.load!({ rows: [2000, 2200, 7950] })).rejects.toMatchObject(error);
    // Rows that were verified before are read by themselves: their record batch would be refused.
    await check(dataset, [2000, 2199, 2201, 7950]);
    await expect(dataset.load!({ rows: everyRow.slice(2048, 2304) })).rejects.toMatchObject(error);
  });

  test('rows of a record batch that many loads in a row ask for come from the cache in the end', async () => {
    const dataset = await openPaged();
    await check(dataset, everyRow);
    for (let load = 0; load < 20; load++) await check(dataset, [2048 + 12 * load]);
    // What was verified is used, whatever became of the file since.
    const error = await alter(dataset, 2200);
    await check(dataset, [2200]);
    await expect(
      openSamples(dataset.manifest, dataset.shards).load!({ rows: [2200] }),
    ).rejects.toMatchObject(error);
  });

  test('a shard that is cut off', async () => {
    const dataset = await openPaged();
    await check(dataset, [7700]);
    const path = join(folder, 'data', 'shard-00015.arrow');
    await truncate(path, 700);
    await expect(dataset.load!({ rows: [7999] })).rejects.toMatchObject({
      code: 'SHARD_SIZE',
      shard: path,
      recordBatch: 1,
      actual: '700 bytes',
    });
    await truncate(path, 0);
    await expect(
      openSamples(dataset.manifest, dataset.shards).load!({ rows: [7999] }),
    ).rejects.toMatchObject({ code: 'SHARD_SIZE', actual: '0 bytes' });
    await expect(openPaged()).rejects.toMatchObject({ code: 'SHARD_SIZE', shard: path });
  });

  test('a shard that was replaced: by the same it goes unnoticed, by another it is found', async () => {
    const dataset = await openPaged();
    const path = join(folder, 'data', 'shard-00015.arrow');
    await copyFile(path, join(folder, 'copy'));
    await rename(join(folder, 'copy'), path);
    await check(dataset, [7700]);
    const bytes = await readFile(path);
    await writeFile(join(folder, 'other'), bytes.fill(7, 20_000));
    await rename(join(folder, 'other'), path);
    // Whoever has the old file open still reads that one; whoever opens it anew finds the other.
    await check(dataset, [7750]);
    dataset.close!();
    await expect(dataset.load!({ rows: [7999] })).rejects.toMatchObject({
      code: 'SHARD_CHECKSUM',
      shard: path,
      recordBatch: 1,
    });
  });

  test('a shard that vanishes, and comes back', async () => {
    const dataset = await openPaged();
    const path = join(folder, 'data', 'shard-00015.arrow');
    await rename(path, join(folder, 'away'));
    await expect(dataset.load!({ rows: [7700] })).rejects.toMatchObject({
      code: 'SHARD_MISSING',
      shard: path,
    });
    await check(dataset, [3000]);
    await rename(join(folder, 'away'), path);
    await check(dataset, [7700]);
  });
});

describe('over HTTP', () => {
  /** Opens the dataset from a server, then lets faults happen to requests for shards, in turn. */
  async function withFaults(faults: readonly Fault[], run: (dataset: Dataset) => Promise<void>) {
    await using server = await serveFolder(join(folder, 'data'));
    const dataset = await openPaged(server.url);
    // The size of the last shard is known; what follows is its second record batch.
    await check(dataset, [7700]);
    const left = [...faults];
    server.fault = () => left.shift();
    await run(dataset);
  }

  test.each<[string, Fault[]]>([
    ['cuts the connection, twice', [{ cutAt: 100 }, { cutAt: 50 }]],
    ['cuts it before the first byte', [{ cutAt: 0 }]],
    ['sends less than asked for', [{ short: 10 }]],
    ['sends wrong bytes, twice', [{ flip: 300 }, { flip: 5 }]],
    ['answers 500 and 503', [{ status: 500 }, { status: 503 }]],
  ])('a server that %s, and then is right, goes unnoticed', async (_, faults) => {
    await withFaults(faults, (dataset) => check(dataset, [7999]));
  });

  test.each<[string, Fault, object]>([
    ['is wrong each time', { flip: 300 }, { code: 'SHARD_CHECKSUM', recordBatch: 1 }],
    [
      'answers 500 each time',
      { status: 500 },
      { code: 'SHARD_READ', actual: 'status 500 in 5 tries' },
    ],
    ['has no such file any more', { status: 404 }, { code: 'SHARD_MISSING', recordBatch: 1 }],
    ['lets nobody in', { status: 403 }, { code: 'SHARD_READ', actual: 'status 403' }],
    [
      'gives up on ranges',
      { whole: true },
      { code: 'SHARD_READ', actual: 'status 200, a server without ranges' },
    ],
  ])('a server that %s fails the load in bounded time', async (_, fault, error) => {
    await withFaults(Array(20).fill(fault), async (dataset) => {
      await expect(dataset.load!({ rows: [7999] })).rejects.toMatchObject(error);
    });
  });

  test('resident shards are read so as well', async () => {
    await using server = await serveFolder(join(folder, 'data'));
    let requests = 0;
    const faults: Fault[] = [{ cutAt: 1000 }, { flip: 900 }, { status: 502 }, { short: 1 }];
    server.fault = (path) => (path.includes('shard') ? faults[requests++ % 9] : undefined);
    const dataset = await openDataset(server.url);
    expect(dataset.load).toBeUndefined();
    for (const row of everyRow) expect([...dataset.sample(row)]).toEqual(idsOf(row));
    expect(dataset.digest).toBe((await openDataset(join(folder, 'data'))).digest);
  });

  test('a server that is not there is told from a dataset that is not there', async () => {
    await using server = await serveFolder(folder);
    await expect(openDataset(`${server.url}/nothing`)).rejects.toMatchObject({
      code: 'DATASET_MISSING',
    });
    await server[Symbol.asyncDispose]();
    await expect(openDataset(`${server.url}/data`)).rejects.toThrow(/it cannot be read/);
  });
});
