import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkRecordBatches, checkTokenIds } from './check-contents.ts';
import { DatasetError, ManifestError, ShardError } from './errors.ts';
import { datasetDigest, type Manifest, parseManifest, type ShardEntry } from './manifest.ts';
import { readShards, type Samples, type ShardBytes, samplesOf } from './samples.ts';

/** A dataset whose shards are in memory. */
export interface Dataset extends Samples {
  readonly directory: string;
  readonly manifest: Manifest;
  /** Names the dataset's content: see `datasetDigest`. */
  readonly digest: string;
  /** The bytes of each shard, in shared memory, for `openSamples` in another thread. */
  readonly shards: readonly ShardBytes[];
}

/** Options of {@linkcode openDataset}. */
export interface OpenDatasetOptions {
  /**
   * Compare each shard's and record batch's SHA-256, and the token ids, with the manifest. Default true. Columns, rows
   * and tokens are compared in any case.
   */
  readonly verify?: boolean;
}

/**
 * Opens a dataset: reads its shards into shared memory and verifies them.
 *
 * @throws {DatasetError} with code `DATASET_MISSING` if there is no manifest.
 * @throws {ManifestError} if the manifest is torn or altered, naming the field, what was found and expected.
 * @throws {ShardError} naming the shard, what was expected and what was found.
 *
 * @example
 * ```ts
 * import { openDataset } from '@maskloom/shards';
 * const dataset = await openDataset('data/sotu');
 * console.log(dataset.rows, dataset.sample(0));
 * ```
 */
export async function openDataset(
  directory: string,
  options: OpenDatasetOptions = {},
): Promise<Dataset> {
  const { verify = true } = options;
  const path = join(directory, 'manifest.json');
  const manifest = await readManifest(path, directory);
  const shards: SharedArrayBuffer[] = [];
  for (const entry of manifest.shards) {
    shards.push(await readShard(join(directory, entry.path), entry, verify));
  }
  const columns = readShards(path, manifest, shards);
  if (verify) {
    checkTokenIds(path, manifest, columns);
    for (const [index, entry] of manifest.shards.entries()) {
      checkRecordBatches(path, `shards[${index}]`, entry, new Uint8Array(shards[index]!));
    }
  }
  const samples = samplesOf(manifest, columns);
  return { ...samples, directory, manifest, digest: datasetDigest(manifest), shards };
}

async function readManifest(path: string, directory: string): Promise<Manifest> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new DatasetError('DATASET_MISSING', directory, { cause });
    }
    throw new ManifestError(path, `it cannot be read (${message})`, { cause });
  }
  return parseManifest(path, text);
}

async function readShard(
  path: string,
  entry: ShardEntry,
  verify: boolean,
): Promise<SharedArrayBuffer> {
  const expected = `${entry.bytes} bytes`;
  const file = await open(path).catch((cause: Error) => {
    throw new ShardError('SHARD_MISSING', path, expected, cause.message, { cause });
  });
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new ShardError('SHARD_MISSING', path, expected, 'no file');
    const { size } = found;
    if (size !== entry.bytes) throw new ShardError('SHARD_SIZE', path, expected, `${size} bytes`);
    const shared = new SharedArrayBuffer(size);
    const bytes = new Uint8Array(shared);
    for (let position = 0; position < size; ) {
      const { bytesRead } = await file.read(bytes, position, size - position, position);
      if (bytesRead === 0) {
        throw new ShardError('SHARD_SIZE', path, expected, `an end after ${position} bytes`);
      }
      position += bytesRead;
    }
    if (verify) {
      const actual = createHash('sha256').update(bytes).digest('hex');
      if (actual !== entry.sha256) {
        throw new ShardError(
          'SHARD_CHECKSUM',
          path,
          `SHA-256 ${entry.sha256}`,
          `SHA-256 ${actual}`,
        );
      }
    }
    return shared;
  } finally {
    await file.close();
  }
}
