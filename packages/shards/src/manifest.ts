import { ArgumentError, checkVocab, type Sentinels, type VocabTraits } from '@maskloom/core';
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

// Checked by the compiler, so that no field is forgotten here.
const manifestFields: Record<keyof Manifest, true> = {
  format: true,
  version: true,
  vocab: true,
  tokenizer: true,
  columns: true,
  rows: true,
  tokens: true,
  longest: true,
  rowsPerRecordBatch: true,
  shards: true,
};
const vocabFields: Record<keyof VocabTraits, true> = {
  size: true,
  maskId: true,
  padId: true,
  specialIds: true,
  continuationIds: true,
  sentinels: true,
  endId: true,
  counts: true,
};
const sentinelFields: Record<keyof Sentinels, true> = { first: true, count: true };
const shardFields: Record<keyof ShardEntry, true> = {
  path: true,
  firstRow: true,
  rows: true,
  tokens: true,
  bytes: true,
  sha256: true,
  recordBatches: true,
};
const rangeFields: Record<keyof RecordBatchRange, true> = {
  offset: true,
  bytes: true,
  sha256: true,
};

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
    throw new ManifestError(path, new ArgumentError('version', '1', value['version']));
  }
  const manifest = value as unknown as Manifest;
  try {
    checkFields(manifest);
  } catch (cause) {
    if (cause instanceof ArgumentError) throw new ManifestError(path, cause);
    throw cause;
  }
  return manifest;
}

function checkFields(manifest: Manifest): void {
  checkObject('the manifest', manifest, manifestFields, '');
  checkObject('vocab', manifest.vocab, vocabFields);
  const { sentinels } = manifest.vocab;
  if (sentinels !== undefined) {
    checkObject('vocab.sentinels', sentinels, sentinelFields);
    checkCount('vocab.sentinels.first', sentinels.first, 0);
    checkCount('vocab.sentinels.count', sentinels.count, 1);
  }
  checkVocab(manifest.vocab);
  checkSha256('tokenizer', manifest.tokenizer);
  for (const name of ['rows', 'tokens', 'longest'] as const) checkCount(name, manifest[name], 0);
  checkCount('rowsPerRecordBatch', manifest.rowsPerRecordBatch, 1);
  checkColumns(manifest.columns);
  checkArray('shards', manifest.shards);
  let row = 0;
  let tokens = 0;
  const paths = new Set<string>();
  for (const [index, shard] of manifest.shards.entries()) {
    const name = `shards[${index}]`;
    checkShard(name, shard, manifest.rowsPerRecordBatch);
    if (shard.firstRow !== row)
      throw new ArgumentError(`${name}.firstRow`, `${row}`, shard.firstRow);
    if (paths.has(shard.path)) {
      throw new ArgumentError(`${name}.path`, 'a file no other shard has', shard.path);
    }
    paths.add(shard.path);
    row += shard.rows;
    tokens += shard.tokens;
  }
  if (row !== manifest.rows) {
    throw new ArgumentError('rows', `${row}, as its shards have`, manifest.rows);
  }
  if (tokens !== manifest.tokens) {
    throw new ArgumentError('tokens', `${tokens}, as its shards have`, manifest.tokens);
  }
}

function checkShard(name: string, shard: ShardEntry, rowsPerRecordBatch: number): void {
  checkObject(name, shard, shardFields);
  const { path } = shard;
  if (typeof path !== 'string' || path === '') {
    throw new ArgumentError(`${name}.path`, "a file in the dataset's folder", path);
  }
  if (/^[/\\]|^[a-z]:/i.test(path) || path.split(/[/\\]/).includes('..')) {
    throw new ArgumentError(
      `${name}.path`,
      "a path that does not lead out of the dataset's folder",
      path,
    );
  }
  checkCount(`${name}.firstRow`, shard.firstRow, 0);
  for (const field of ['rows', 'tokens', 'bytes'] as const) {
    checkCount(`${name}.${field}`, shard[field], 0);
  }
  checkSha256(`${name}.sha256`, shard.sha256);
  checkArray(`${name}.recordBatches`, shard.recordBatches);
  const batches = Math.ceil(shard.rows / rowsPerRecordBatch);
  if (shard.recordBatches.length !== batches) {
    throw new ArgumentError(
      `${name}.recordBatches`,
      `${batches} record batches`,
      shard.recordBatches,
    );
  }
  for (const [index, range] of shard.recordBatches.entries()) {
    const batch = `${name}.recordBatches[${index}]`;
    checkObject(batch, range, rangeFields);
    checkCount(`${batch}.offset`, range.offset, 0);
    checkCount(`${batch}.bytes`, range.bytes, 1);
    checkSha256(`${batch}.sha256`, range.sha256);
  }
}

function checkColumns(columns: readonly ExtraColumn[]): void {
  checkArray('columns', columns);
  for (const [index, column] of columns.entries()) {
    if (!extraColumns.includes(column)) {
      throw new ArgumentError('columns', extraColumns.join(', '), column);
    }
    if (columns.indexOf(column) !== index) {
      throw new ArgumentError('columns', 'each column once', column);
    }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkObject(
  name: string,
  value: object,
  fields: Readonly<Record<string, true>>,
  prefix = `${name}.`,
): void {
  if (!isRecord(value)) throw new ArgumentError(name, 'an object', value);
  for (const field of Object.keys(value)) {
    // A field that is ignored would still change the dataset digest.
    if (!Object.hasOwn(fields, field)) {
      throw new ArgumentError(`${prefix}${field}`, 'no such field', value[field]);
    }
  }
}

function checkArray(name: string, value: unknown): void {
  if (!Array.isArray(value)) throw new ArgumentError(name, 'an array', value);
}

function checkCount(name: string, value: unknown, least: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    throw new ArgumentError(name, `an integer from ${least}`, value);
  }
}

function checkSha256(name: string, value: unknown): void {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) {
    throw new ArgumentError(name, '64 hexadecimal digits', value);
  }
}
