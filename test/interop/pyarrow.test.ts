import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { t5, tokenMasking } from '@maskloom/core';
import { createLoader, createPlan, type Loader, readCompact, StreamDigest } from '@maskloom/loader';
import { type Dataset, openDataset } from '@maskloom/shards';
import { type Sidecar, serve } from 'maskloom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { python } from '../python.mjs';
import { run } from '../support/run.ts';
import { writeTinyDataset } from '../support/tiny-dataset.ts';

const found = python();
let folder: string;
let dataset: Dataset;
let loader: Loader;
let sidecar: Sidecar;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-pyarrow-'));
  await writeTinyDataset(join(folder, 'data'), 301);
  dataset = await openDataset(join(folder, 'data'));
  const strategy = tokenMasking({ rate: 0.15 });
  const plan = createPlan({ dataset, strategy, seed: 42n, batch: 8, last: 'short' });
  loader = await createLoader({ plan, dataset, workers: 2 });
  sidecar = await serve({ loader, manifest: dataset.manifest });
});
afterAll(async () => {
  await sidecar.close();
  await loader.close();
  await rm(folder, { recursive: true });
});

/** Runs a Python script, which prints one line of JSON. */
async function runPython(script: string, ...words: string[]): Promise<unknown> {
  const file = join(folder, 'script.py');
  await writeFile(file, script);
  const { code, stdout, stderr } = await run(found.path ?? '', [file, ...words]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

const readShard = `
import json, sys
import pyarrow as pa
with pa.ipc.open_file(sys.argv[1]) as reader:
    table = reader.read_all()
    sizes = [reader.get_batch(i).num_rows for i in range(reader.num_record_batches)]
table.validate(full=True)
types = {field.name: [str(field.type), field.nullable] for field in table.schema}
print(json.dumps({"types": types, "sizes": sizes, "rows": table.column("input_ids").to_pylist(),
                  "document": table.column("document").to_pylist()}))
`;

// Reads a stream with nothing but pyarrow and the standard library, and digests it as docs/spec.md says.
const readSidecar = `
import hashlib, json, struct, sys, urllib.request
import pyarrow as pa
url, layout, steps = sys.argv[1:4]
with urllib.request.urlopen(f"{url}/plan") as response:
    stream = bytes.fromhex(json.load(response)["id"])
with urllib.request.urlopen(f"{url}/batches?layout={layout}&steps={steps}") as response:
    reader = pa.ipc.open_stream(response)
    for batch in reader:
        batch.validate(full=True)
        digests = b""
        for row in batch.to_pylist():
            if layout == "seq2seq":
                ids = row["input_ids"][:sum(row["attention_mask"])]
                labels = [label for label in row["labels"] if label != -100]
            elif layout == "dense":
                n = sum(row["attention_mask"])
                ids, labels = row["input_ids"][:n], row["labels"][:n]
            else:
                ids, labels = row["input_ids"], [-100] * len(row["input_ids"])
                for position, label in zip(row["masked_positions"], row["masked_labels"]):
                    labels[position] = label
            packed = struct.pack(f"<QI{len(ids)}I", row["sample"], len(ids), *ids)
            if layout == "seq2seq":
                packed += struct.pack("<I", len(labels))
            packed += struct.pack(f"<{len(labels)}i", *labels)
            digests += hashlib.sha256(packed).digest()
        stream = hashlib.sha256(stream + hashlib.sha256(digests).digest()).digest()
print(json.dumps(stream.hex()))
`;

const readEntry = `
import json, sys
import pyarrow as pa
with pa.ipc.open_file(sys.argv[1]) as reader:
    table = reader.read_all()
table.validate(full=True)
types = {field.name: str(field.type) for field in table.schema}
print(json.dumps({"types": types, "rows": table.to_pylist(),
                  "of": json.loads(table.schema.metadata[b"maskloom"])}))
`;

describe('pyarrow', () => {
  test('opens a shard as it is', async ({ skip }) => {
    if (found.path === undefined) return skip(found.reason);
    const [first] = dataset.manifest.shards;
    const read = await runPython(readShard, join(folder, 'data', first!.path));
    expect(read).toEqual({
      types: {
        input_ids: ['list<item: uint16 not null>', false],
        document: ['uint32', false],
        offset: ['uint64', false],
        segment: ['uint32', false],
        units: ['list<item: uint8 not null>', false],
      },
      sizes: [32, 32, 32, 32],
      rows: Array.from({ length: 128 }, (_, row) => [...dataset.sample(row)]),
      document: Array.from({ length: 128 }, (_, row) => row >> 2),
    });
  });

  test.for(['dense', 'compact'])(
    'reads the stream of a sidecar, and sees the same data as Node: %s',
    async (layout, { skip }) => {
      if (found.path === undefined) return skip(found.reason);
      const digest = new StreamDigest(loader.planId);
      for await (const { recordBatch } of loader.batches({ steps: 50 })) digest.update(recordBatch);
      expect(await runPython(readSidecar, sidecar.url, layout, '50')).toBe(digest.hex());
    },
  );

  test('reads the stream of span corruption as well', async ({ skip }) => {
    if (found.path === undefined) return skip(found.reason);
    const strategy = t5({ sentinels: { first: 2049, count: 50 }, end: 3 });
    const plan = createPlan({ dataset, strategy, seed: 42n, batch: 8, last: 'short' });
    await using corrupting = await createLoader({ plan, dataset, workers: 1 });
    const other = await serve({ loader: corrupting, manifest: dataset.manifest });
    try {
      const digest = new StreamDigest(corrupting.planId);
      for await (const batch of corrupting.batches({ steps: 50 })) digest.update(batch.recordBatch);
      expect(await runPython(readSidecar, other.url, 'seq2seq', '50')).toBe(digest.hex());
    } finally {
      await other.close();
    }
  });

  test('opens an entry of the cache of masks, and puts masks and shard together', async ({
    skip,
  }) => {
    if (found.path === undefined) return skip(found.reason);
    const directory = join(folder, 'masks');
    const strategy = tokenMasking({ rate: 0.15 });
    const fixed = createPlan({
      dataset,
      strategy,
      seed: 42n,
      batch: 7,
      last: 'short',
      mode: 'static',
    });
    const labels = new Map<number, [number, number, number][]>();
    {
      const cache = { directory };
      await using caching = await createLoader({ plan: fixed, dataset, workers: 1, cache });
      const steps = caching.stepsPerEpoch;
      for await (const { recordBatch } of caching.batches({ steps, layout: 'compact' })) {
        const read = readCompact(recordBatch);
        for (let row = 0; row < read.rows; row++) {
          const ids = read.inputIds(row);
          const rowLabels = read.labels(row);
          const masked = [...read.positions(row)].map(
            (position, index) =>
              [position, ids[position]!, rowLabels[index]!] as [number, number, number],
          );
          labels.set(Number(read.sample[row]), masked);
        }
      }
    }
    const names = await readdir(directory, { recursive: true });
    const [entry] = names.filter((name) => name.endsWith('.arrow'));
    const { types, rows, of } = (await runPython(readEntry, join(directory, entry!))) as {
      types: object;
      rows: {
        sample: number;
        selected: number;
        masked_positions: number[];
        masked_ids: number[];
      }[];
      of: object;
    };
    expect(types).toEqual({
      sample: 'uint64',
      selected: 'uint32',
      masked_positions: 'list<item: uint16 not null>',
      masked_ids: 'list<item: uint16 not null>',
      sentence_label: 'uint8',
    });
    expect(of).toMatchObject({ copy: 0, samples: 301, parts: { seed: '42' } });
    expect(rows).toHaveLength(301);
    for (const row of rows) {
      const ids = dataset.sample(row.sample);
      const masked = row.masked_positions.map((position, index) => [
        position,
        row.masked_ids[index],
        ids[position],
      ]);
      expect(masked).toEqual(labels.get(row.sample));
      expect(row.selected).toBe(masked.length);
    }
  });
});
