/** @file Compares what a manifest says of its shards with what is in them. */
import { ArgumentError } from '@maskloom/core';
import type { Schema } from 'apache-arrow';
import { ManifestError, ShardError } from './errors.ts';
import type { Manifest } from './manifest.ts';
import { recordBatchRanges } from './record-batch-ranges.ts';
import type { ReadySamples, RecordBatchColumns } from './samples.ts';
import { shardSchema } from './schema.ts';

/** A shard's columns: `input_ids` as wide as the vocabulary, and those that the manifest lists. */
export function checkSchema(path: string, manifest: Manifest, shard: string, schema: Schema): void {
  const { vocab, columns } = manifest;
  const found = new Map(schema.fields.map(({ name, type }) => [name, String(type)]));
  for (const { name, type } of shardSchema(vocab.size, columns).fields) {
    const actual = found.get(name);
    found.delete(name);
    if (actual === String(type)) continue;
    const has = actual === undefined ? `no column "${name}"` : `"${name}" of ${actual}`;
    if (name !== 'input_ids')
      fail(path, 'columns', `what ${shard} has (${has}, not ${type})`, name);
    if (actual === undefined)
      throw new ShardError('SHARD_FORMAT', shard, 'a column "input_ids"', 'none');
    fail(path, 'vocab.size', `a size for what ${shard} has (${has}, not ${type})`, vocab.size);
  }
  const [more] = found.keys();
  if (more !== undefined)
    fail(path, 'columns', `"${more}" among them, which ${shard} has`, columns);
}

/** The numbers of tokens, of each shard that is in memory and of the longest sample. */
export function checkCounts(
  path: string,
  manifest: Manifest,
  shards: readonly (readonly RecordBatchColumns[] | undefined)[],
): void {
  let longest = 0;
  for (const [index, batches] of shards.entries()) {
    if (batches === undefined) continue;
    let tokens = 0;
    for (const { offsets } of batches) {
      let end = offsets[0]!;
      tokens -= end;
      for (let row = 1; row < offsets.length; row++) {
        const start = end;
        end = offsets[row]!;
        if (end - start > longest) longest = end - start;
      }
      tokens += end;
    }
    check(path, `shards[${index}].tokens`, tokens, manifest.shards[index]!.tokens);
  }
  // A longer sample may be in a shard that is not in memory.
  const known = !shards.includes(undefined) || longest > manifest.longest;
  if (known) check(path, 'longest', longest, manifest.longest);
}

/** That the vocabulary has every token id of the first shards; its counts, if these are all the shards. */
export function checkTokenIds(
  path: string,
  { vocab, shards }: Manifest,
  samples: ReadySamples,
  resident: number,
): void {
  const { size } = vocab;
  const counts = resident === shards.length && vocab.counts ? new Float64Array(size) : undefined;
  const rows = shards.slice(0, resident).reduce((sum, shard) => sum + shard.rows, 0);
  let highest = 0;
  for (let row = 0; row < rows; row++) {
    const ids = samples.sample(row);
    for (let index = 0; index < ids.length; index++) {
      const id = ids[index]!;
      if (id > highest) highest = id;
      if (counts !== undefined && id < size) counts[id]!++;
    }
  }
  if (highest >= size) {
    fail(path, 'vocab.size', `above ${highest}, an id that the shards have`, size);
  }
  counts?.forEach((found, id) => {
    check(path, `vocab.counts[${id}]`, found, vocab.counts![id]);
  });
}

/** The byte range and checksum of each record batch of a shard. */
export function checkRecordBatches(
  path: string,
  manifest: Manifest,
  shard: number,
  bytes: Uint8Array,
): void {
  const listed = manifest.shards[shard]!.recordBatches;
  for (const [index, range] of recordBatchRanges(bytes).entries()) {
    const name = `shards[${shard}].recordBatches[${index}]`;
    for (const field of ['offset', 'bytes', 'sha256'] as const) {
      check(path, `${name}.${field}`, range[field], listed[index]?.[field]);
    }
  }
}

function check(path: string, field: string, found: unknown, listed: unknown): void {
  if (found !== listed) fail(path, field, `${found}, as the shards have`, listed);
}

function fail(path: string, field: string, expected: string, listed: unknown): never {
  throw new ManifestError(path, new ArgumentError(field, expected, listed));
}
