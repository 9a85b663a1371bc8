import { checkVocab, type VocabTraits } from '@maskloom/core';
import { canonicalJson, type Json } from './canonical-json.ts';
import { ManifestError } from './errors.ts';
import { sha256, toHex } from './sha256/sha256.ts';

/** Columns a shard may have beside `input_ids`. */
export type ExtraColumn = (typeof extraColumns)[number];

const extraColumns = ['document', 'offset', 'segment', 'units'] as const;

/** A byte range of a shard: one record batch, its metadata and body. */
export interface RecordBatchRange {
  readonly offset: number;
  readonly bytes: number;
  /** SHA-256 of the range, hexadecimal. */
  readonly sha256: string;
}

/** One Arrow IPC file. */
export interface ShardEntry {
  /** Path below the dataset's folder. */
  readonly path: string;
  /** Row number, in the dataset, of the shard's first row. */
  readonly firstRow: number;
  readonly rows: number;
  readonly tokens: number;
  readonly bytes: number;
  /** SHA-256 of the file, hexadecimal. */
  readonly sha256: string;
  readonly recordBatches: readonly RecordBatchRange[];
}

/** `manifest.json`: what a dataset is made of. See docs/spec.md, Shards. */
export interface Manifest {
  readonly format: 'maskloom-dataset';
  readonly version: 1;
  readonly vocab: VocabTraits;
  /** SHA-256 of the tokenizer, hexadecimal. */
  readonly tokenizer: string;
  /** Columns beside `input_ids`. */
  readonly columns: readonly ExtraColumn[];
  readonly rows: number;
  readonly tokens: number;
  /** Tokens of the longest sample. */
  readonly longest: number;
  /** Rows of every record batch but a shard's last. */
  readonly rowsPerRecordBatch: number;
  readonly shards: readonly ShardEntry[];
}

/**
 * The dataset digest: SHA-256 of the manifest's canonical JSON without the shards' paths, hexadecimal.
 * Moving or renaming shards does not change it; any other byte does.
 */
export function datasetDigest(manifest: Manifest): string {
  const shards = manifest.shards.map(({ path: _, ...rest }) => rest);
  const json = canonicalJson({ ...manifest, shards } as unknown as Json);
  return toHex(sha256(new TextEncoder().encode(json)));
}

/**
 * Parses and checks `manifest.json`.
 *
 * @throws {ManifestError} naming what does not hold.
 */
export function parseManifest(path: string, text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ManifestError(path, `not valid JSON after ${text.length} characters`, { cause });
  }
  if (!isRecord(value) || value['format'] !== 'maskloom-dataset') {
    throw new ManifestError(path, 'not a Maskloom manifest, expected format "maskloom-dataset"');
  }
  if (value['version'] !== 1) {
    throw new ManifestError(path, `format version ${String(value['version'])}, expected 1`);
  }
  // What follows reads the fields it checks; a wrong type anywhere ends in one of its throws.
  const manifest = value as unknown as Manifest;
  try {
    checkFields(manifest);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new ManifestError(path, problem, { cause });
  }
  return manifest;
}

function checkFields(manifest: Manifest): void {
  checkVocab(manifest.vocab);
  checkSha256('tokenizer', manifest.tokenizer);
  for (const name of ['rows', 'tokens', 'longest'] as const) checkCount(name, manifest[name], 0);
  checkCount('rowsPerRecordBatch', manifest.rowsPerRecordBatch, 1);
  for (const column of manifest.columns) {
    if (!extraColumns.includes(column)) {
      throw new Error(`columns has "${column}", expected document, offset, segment or units`);
    }
  }
  let row = 0;
  let tokens = 0;
  for (const [index, shard] of manifest.shards.entries()) {
    const name = `shards[${index}]`;
    if (typeof shard.path !== 'string') throw new Error(`${name}.path is not a string`);
    if (shard.path.startsWith('/') || shard.path.split(/[/\\]/).includes('..')) {
      throw new Error(`${name}.path "${shard.path}" leads out of the dataset's folder`);
    }
    for (const field of ['rows', 'tokens', 'bytes'] as const) {
      checkCount(`${name}.${field}`, shard[field], 0);
    }
    if (shard.firstRow !== row) {
      throw new Error(`${name}.firstRow is ${shard.firstRow}, expected ${row}`);
    }
    checkSha256(`${name}.sha256`, shard.sha256);
    const batches = Math.ceil(shard.rows / manifest.rowsPerRecordBatch);
    if (shard.recordBatches.length !== batches) {
      throw new Error(
        `${name} lists ${shard.recordBatches.length} record batches, expected ${batches}`,
      );
    }
    for (const [batch, range] of shard.recordBatches.entries()) {
      checkCount(`${name}.recordBatches[${batch}].offset`, range.offset, 0);
      checkCount(`${name}.recordBatches[${batch}].bytes`, range.bytes, 1);
      checkSha256(`${name}.recordBatches[${batch}].sha256`, range.sha256);
    }
    row += shard.rows;
    tokens += shard.tokens;
  }
  if (row !== manifest.rows) throw new Error(`rows is ${manifest.rows}, its shards have ${row}`);
  if (tokens !== manifest.tokens) {
    throw new Error(`tokens is ${manifest.tokens}, its shards have ${tokens}`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkCount(name: string, value: unknown, least: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    throw new Error(`${name} is ${String(value)}, expected an integer from ${least}`);
  }
}

function checkSha256(name: string, value: unknown): void {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) {
    throw new Error(`${name} is ${String(value)}, expected 64 hexadecimal digits`);
  }
}
