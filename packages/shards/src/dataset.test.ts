import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Field,
  List,
  Table,
  tableFromIPC,
  tableToIPC,
  Uint8,
  Uint16,
  vectorFromArray,
} from 'apache-arrow';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDataset } from './dataset.ts';
import type { Manifest } from './manifest.ts';
import { openSamples } from './open-samples.ts';
import { createDatasetWriter, type DatasetWriterOptions } from './writer.ts';

const vocab = { size: 300, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [9] };
const options: DatasetWriterOptions = {
  vocab,
  tokenizerDigest: 'ab'.repeat(32),
  rowsPerRecordBatch: 4,
  rowsPerShard: 12,
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-shards-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(directory: string, samples: readonly number[][], given = options) {
  const writer = await createDatasetWriter(directory, given);
  for (const [index, inputIds] of samples.entries()) {
    await writer.append({ inputIds, document: index, offset: index * 10 });
  }
  return writer.close();
}

const someSamples = Array.from({ length: 30 }, (_, index) => [2, 10 + index, 11, 3]);

describe('a dataset', () => {
  test('gives back every sample that was written, whatever the lengths and shard sizes', async () => {
    let run = 0;
    const tokenIds = fc.array(fc.integer({ min: 0, max: 299 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(fc.array(tokenIds, { maxLength: 60 }), async (samples) => {
        const directory = join(folder, `run-${run++}`);
        const manifest = await write(directory, samples);
        const dataset = await openDataset(directory);
        expect(dataset.manifest).toEqual(manifest);
        expect(dataset.rows).toBe(samples.length);
        samples.forEach((ids, row) => {
          expect([...dataset.sample(row)]).toEqual(ids);
          expect(dataset.length(row)).toBe(ids.length);
        });
        expect(manifest.longest).toBe(Math.max(0, ...samples.map((ids) => ids.length)));
      }),
      { numRuns: 40 },
    );
  });

  test('is Arrow IPC files with ids as wide as the vocabulary, whatever the content', async () => {
    await write(join(folder, 'narrow'), someSamples, {
      ...options,
      columns: ['document', 'offset'],
    });
    const narrow = tableFromIPC(await readFile(join(folder, 'narrow', 'shard-00001.arrow')));
    expect(narrow.schema.toString()).toContain('input_ids: List<Uint16>');
    expect(narrow.batches.map((batch) => batch.numRows)).toEqual([4, 4, 4]);
    expect(narrow.get(0)?.['document']).toBe(12);
    expect(narrow.get(0)?.['offset']).toBe(120n);
    await write(join(folder, 'wide'), someSamples, {
      ...options,
      vocab: { ...vocab, size: 65537 },
    });
    const wide = tableFromIPC(await readFile(join(folder, 'wide', 'shard-00000.arrow')));
    expect(wide.schema.toString()).toContain('input_ids: List<Uint32>');
  });

  test('gives back the units of every sample, and has them as List<UInt8>', async () => {
    let run = 0;
    const tokens = fc.array(fc.record({ id: fc.nat(299), begins: fc.nat(1) }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(fc.array(tokens, { minLength: 1, maxLength: 40 }), async (samples) => {
        const directory = join(folder, `units-${run++}`);
        const given = { ...options, columns: ['units', 'document'] } as const;
        const writer = await createDatasetWriter(directory, given);
        for (const [document, sample] of samples.entries()) {
          const units = sample.map(({ begins }) => begins);
          await writer.append({ inputIds: sample.map(({ id }) => id), units, document });
        }
        await writer.close();
        const dataset = await openDataset(directory);
        samples.forEach((sample, row) => {
          expect([...dataset.units(row)!]).toEqual(sample.map(({ begins }) => begins));
          expect([...dataset.sample(row)]).toEqual(sample.map(({ id }) => id));
        });
        const table = tableFromIPC(await readFile(join(directory, 'shard-00000.arrow')));
        expect(table.schema.toString()).toContain('units: List<Uint8>');
      }),
      { numRuns: 20 },
    );
    await write(join(folder, 'without'), someSamples);
    expect((await openDataset(join(folder, 'without'))).units(0)).toBeUndefined();
  });

  test('counts its ids if asked to, and else is what it was', async () => {
    const plain = await write(join(folder, 'plain'), someSamples);
    expect(plain.vocab).toEqual(vocab);
    const counted = await write(join(folder, 'counted'), someSamples, { ...options, counts: true });
    const { counts, ...traits } = counted.vocab;
    expect(traits).toEqual(vocab);
    const ids = someSamples.flat();
    expect(counts).toEqual(
      Array.from({ length: vocab.size }, (_, id) => ids.filter((other) => other === id).length),
    );
    const { manifest, digest } = await openDataset(join(folder, 'counted'));
    expect(manifest).toEqual(counted);
    expect(digest).not.toBe((await openDataset(join(folder, 'plain'))).digest);
    expect({ ...counted, vocab }).toEqual(plain);
  });

  test('has a digest that its folder and paths do not change, but any token does', async () => {
    await write(join(folder, 'a'), someSamples);
    await write(join(folder, 'b'), someSamples);
    const changed = someSamples.map((ids, row) => (row === 20 ? [2, 99, 3] : ids));
    await write(join(folder, 'c'), changed);
    const [a, b, c] = await Promise.all(
      ['a', 'b', 'c'].map((name) => openDataset(join(folder, name))),
    );
    expect(a!.digest).toBe(b!.digest);
    expect(c!.digest).not.toBe(a!.digest);
  });
});

describe('createDatasetWriter()', () => {
  test('shows nothing until close() and leaves nothing after abort()', async () => {
    const writer = await createDatasetWriter(join(folder, 'data'), options);
    for (const inputIds of someSamples) await writer.append({ inputIds });
    await expect(openDataset(join(folder, 'data'))).rejects.toThrow(/found no manifest.json/);
    await writer.abort();
    expect(await readdir(folder)).toEqual([]);
  });

  test('refuses a folder that is there', async () => {
    await write(join(folder, 'data'), someSamples);
    await expect(createDatasetWriter(join(folder, 'data'), options)).rejects.toThrow(
      /data is already there: choose another folder/,
    );
  });

  test('refuses ids that the vocabulary does not have', async () => {
    const writer = await createDatasetWriter(join(folder, 'data'), options);
    await expect(writer.append({ inputIds: [2, 300] })).rejects.toThrow(
      /Token id 300 at position 1/,
    );
    await expect(writer.append({ inputIds: [2.5] })).rejects.toThrow(/Token id 2.5 at position 0/);
  });

  test('refuses columns that are missing, and units of another length or not of 0 and 1', async () => {
    const given = { ...options, columns: ['segment', 'units'] } as const;
    const writer = await createDatasetWriter(join(folder, 'data'), given);
    const append = (row: object) => writer.append({ inputIds: [2, 9, 3], ...row });
    await expect(append({ units: [1, 1, 1] })).rejects.toThrow(/^segment is missing/);
    await expect(append({ segment: 2 })).rejects.toThrow(/^units is missing, expected a column/);
    await expect(append({ segment: 2, units: [1, 1] })).rejects.toThrow(
      /^units\.length is 2, expected 3, as many as tokens/,
    );
    await expect(append({ segment: 2, units: [1, 3, 1] })).rejects.toThrow(/^units\[1\] is 3/);
  });
});

/** The paths of all values in a JSON value. */
function paths(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    [key],
    ...paths(inner).map((path) => [key, ...path]),
  ]);
}

function set(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  if (rest.length === 0) target[key!] = value;
  else set(target[key!] as Record<string, unknown>, rest, value);
}

describe('openDataset() names what is wrong', () => {
  const shard = () => join(folder, 'data', 'shard-00001.arrow');
  const manifestPath = () => join(folder, 'data', 'manifest.json');
  beforeEach(() => write(join(folder, 'data'), someSamples));

  test('when any one byte of a shard changed', async () => {
    const bytes = await readFile(shard());
    for (let position = 0; position < bytes.length; position += 37) {
      const altered = Buffer.from(bytes);
      altered[position]! ^= 1;
      await writeFile(shard(), altered);
      await expect(openDataset(join(folder, 'data'))).rejects.toMatchObject({
        code: 'SHARD_CHECKSUM',
        shard: shard(),
      });
    }
  });

  test('with the expected and the found checksum', async () => {
    const { manifest } = await openDataset(join(folder, 'data'));
    const bytes = await readFile(shard());
    bytes[500]! ^= 0x10;
    await writeFile(shard(), bytes);
    await expect(openDataset(join(folder, 'data'))).rejects.toThrow(
      new RegExp(
        `shard-00001.arrow: found SHA-256 [0-9a-f]{64}, expected SHA-256 ${manifest.shards[1]!.sha256}`,
      ),
    );
  });

  test('when a shard is torn or missing', async () => {
    await truncate(shard(), 700);
    await expect(openDataset(join(folder, 'data'))).rejects.toThrow(
      /shard-00001.arrow: found 700 bytes, expected \d+ bytes/,
    );
    await rm(shard());
    await expect(openDataset(join(folder, 'data'))).rejects.toMatchObject({
      code: 'SHARD_MISSING',
    });
  });

  test('when the manifest is torn or altered', async () => {
    const text = await readFile(manifestPath(), 'utf8');
    await writeFile(manifestPath(), text.slice(0, 300));
    await expect(openDataset(join(folder, 'data'))).rejects.toThrow(
      /manifest.json: not valid JSON/,
    );
    await writeFile(manifestPath(), text.replace('"rows": 30', '"rows": 31'));
    await expect(openDataset(join(folder, 'data'))).rejects.toThrow(
      /manifest.json: rows is 31, expected 30, as its shards have/,
    );
    await writeFile(manifestPath(), text.replace('"version": 1', '"version": 2'));
    await expect(openDataset(join(folder, 'data'))).rejects.toThrow(/version is 2, expected 1/);
    await writeFile(manifestPath(), text.replace('shard-00001.arrow', '../shard-00001.arrow'));
    await expect(openDataset(join(folder, 'data'))).rejects.toThrow(
      /does not lead out of the dataset/,
    );
    await writeFile(manifestPath(), '[]');
    await expect(openDataset(join(folder, 'data'))).rejects.toMatchObject({ code: 'MANIFEST' });
  });

  test('when a shard has not the columns that the manifest says, or units of another length', async () => {
    const { manifest, shards } = await openDataset(join(folder, 'data'));
    const given: Manifest = { ...manifest, columns: ['units'] };
    expect(() => openSamples(given, shards)).toThrow(
      /columns is "units", expected what shard-00000\.arrow has \(no column "units", not List<Uint8>\)/,
    );
    const lists = (rows: number[][], item: Uint8 | Uint16) =>
      vectorFromArray(rows, new List(new Field('item', item, false)));
    const open = (units: number[][]) => {
      const table = new Table({
        input_ids: lists([[2, 9, 3], [2]], new Uint16()),
        units: lists(units, new Uint8()),
      });
      const { buffer } = Uint8Array.from(tableToIPC(table, 'file'));
      const shard = { ...manifest.shards[0]!, rows: 2, tokens: 4 };
      return openSamples({ ...given, rows: 2, longest: 3, shards: [shard] }, [buffer]);
    };
    expect([...open([[1, 1, 0], [1]]).units(0)!]).toEqual([1, 1, 0]);
    for (const units of [
      [[1, 1], [1]],
      [
        [1, 1],
        [1, 1],
      ],
      [[1, 1, 1], []],
    ]) {
      expect(() => open(units)).toThrow(
        /a column "units" with another number of values than tokens/,
      );
    }
  });

  test.each([
    ['longest', 3, /longest is 3, expected 4, as the shards have/],
    ['longest', 5, /longest is 5, expected 4/],
    ['vocab.size', 65_537, /vocab\.size is 65537, expected a size for what shard-00000.arrow has/],
    ['vocab.size', 30, /vocab\.size is 30, expected above 39, an id that the shards have/],
    [
      'vocab.counts',
      Array(300).fill(0),
      /vocab\.counts\[2\] is 0, expected 30, as the shards have/,
    ],
    ['vocab.sentinels', { first: 4 }, /vocab\.sentinels\.count is missing/],
    ['vocab.colour', 1, /vocab\.colour is 1, expected no such field/],
    ['vocab', null, /vocab is null, expected an object/],
    ['vocab.specialIds', 7, /vocab\.specialIds is 7, expected an array of ids/],
    [
      'columns',
      ['segment'],
      /columns is "segment", expected what shard-00000.arrow has \(no column/,
    ],
    ['columns', [], /columns is an array of 0, expected "document" among them/],
    ['columns', ['document', 'document'], /columns is "document", expected each column once/],
    ['colour', 'red', /manifest.json: colour is "red", expected no such field/],
    ['shards', {}, /shards is an object, expected an array/],
    ['shards.1.colour', 'red', /shards\[1\]\.colour is "red", expected no such field/],
    [
      'shards.0.recordBatches.2.sha256',
      '0'.repeat(64),
      /recordBatches\[2\]\.sha256 is "0{64}", expected/,
    ],
    ['shards.0.recordBatches.2.offset', 8, /recordBatches\[2\]\.offset is 8, expected/],
    ['shards.1.recordBatches.0.bytes', 7, /shards\[1\]\.recordBatches\[0\]\.bytes is 7, expected/],
  ])('when the manifest has a false %s', async (field, value, message) => {
    await rm(join(folder, 'data'), { recursive: true });
    await write(join(folder, 'data'), someSamples, { ...options, columns: ['document'] });
    const manifest = JSON.parse(await readFile(manifestPath(), 'utf8'));
    set(manifest, field.split('.'), value);
    await writeFile(manifestPath(), JSON.stringify(manifest));
    const opening = openDataset(join(folder, 'data'));
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toMatchObject({ code: 'MANIFEST', path: manifestPath() });
  });

  test('when tokens of two shards are moved from one to the other', async () => {
    const manifest = JSON.parse(await readFile(manifestPath(), 'utf8'));
    manifest.shards[0].tokens += 1;
    manifest.shards[1].tokens -= 1;
    await writeFile(manifestPath(), JSON.stringify(manifest));
    await expect(openDataset(join(folder, 'data'))).rejects.toMatchObject({
      code: 'MANIFEST',
      field: 'shards[0].tokens',
      actual: 49,
    });
  });

  test('with an error of its own, whatever is put anywhere in the manifest', async () => {
    const text = await readFile(manifestPath(), 'utf8');
    const places = paths(JSON.parse(text));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), fc.jsonValue(), async (place, value) => {
        const manifest = JSON.parse(text);
        set(manifest, place, value);
        await writeFile(manifestPath(), JSON.stringify(manifest));
        const problem = await openDataset(join(folder, 'data')).then(
          () => undefined,
          (error: unknown) => error as Error & { code?: string },
        );
        if (problem === undefined) return;
        expect(problem.code).toMatch(/^(MANIFEST|SHARD_\w+)$/);
        expect(problem.message).not.toMatch(/\n|undefined|not iterable|not a function|destructure/);
      }),
      { numRuns: 300 },
    );
  });

  test('and a row that is not there', async () => {
    const dataset = await openDataset(join(folder, 'data'));
    expect(() => dataset.sample(30)).toThrow('Row 30 is not in the dataset of 30 rows');
    expect(() => dataset.sample(-1)).toThrow(/Row -1/);
  });
});
