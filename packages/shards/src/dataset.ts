import { checkRecordBatches, checkTokenIds } from './check-contents.ts';
import { DatasetError, ManifestError, ShardError } from './errors.ts';
import { datasetDigest, type Manifest, parseManifest, type ShardEntry } from './manifest.ts';
import { openSamples } from './open-samples.ts';
import { type DatasetMemory, divideMemory } from './paging/memory-budget.ts';
import { isPaged, type OpenShard } from './paging/paged-shard.ts';
import { RowIndex } from './paging/row-index.ts';
import { type Samples, type ShardBytes, sharedMemory } from './samples.ts';
import { sha256, toHex } from './sha256/sha256.ts';
import { isUrl, joinLocation, openByteSource } from './sources/open-byte-source.ts';
import { openShard } from './sources/open-shard.ts';

/** How often a shard is read whose checksum is wrong: it may have been damaged on its way. */
const readings = 3;

/** An open dataset: its shards are in memory, or as many of them as a memory budget allows. */
export interface Dataset extends Samples {
  /** Its folder or URL. */
  readonly directory: string;
  readonly manifest: Manifest;
  /** Names the dataset's content: see `datasetDigest`. */
  readonly digest: string;
  /** Each shard: its bytes, in shared memory, or how to read it; for `openSamples` in another thread. */
  readonly shards: readonly OpenShard[];
  /** How its memory is used. */
  readonly memory: DatasetMemory;
}

/** Options of {@linkcode openDataset}. */
export interface OpenDatasetOptions {
  /**
   * Compare each shard's and record batch's SHA-256, and the token ids, with the manifest. Default true. Columns, rows
   * and tokens are compared in any case; of shards that are not in memory, when they are read.
   */
  readonly verify?: boolean;
  /**
   * The most bytes of memory to use for the dataset, in all threads together. If its shards take more, as many as fit
   * beside a cache are in memory, and samples of the others are read, and verified, when `load` asks for them.
   * Default: no limit.
   */
  readonly memory?: number | undefined;
}

/**
 * Opens a dataset: reads its shards into shared memory and verifies them. With a memory budget that they do not fit,
 * the rest is read by record batch when it is needed.
 *
 * @param directory the dataset's folder, or its URL on a web server that answers range requests
 * @throws {DatasetError} with code `DATASET_MISSING` if there is no manifest.
 * @throws {ManifestError} if the manifest is torn or altered, naming the field, what was found and expected.
 * @throws {ShardError} naming the shard, what was expected and what was found.
 * @throws {ArgumentError} for a memory budget that is too small.
 *
 * @example
 * ```ts
 * import { openDataset } from '@maskloom/shards';
 * const dataset = await openDataset('data/sotu');
 * console.log(dataset.rows, dataset.sample(0));
 * ```
 *
 * @example
 * ```ts
 * import { openDataset } from '@maskloom/shards';
 * const dataset = await openDataset('data/sotu', { memory: 64 * 2 ** 20 });
 * // Absent where all of it fits: then every sample is ready.
 * using ready = await dataset.load?.({ rows: [5, 3] });
 * console.log((ready ?? dataset).sample(5));
 * ```
 */
export async function openDataset(
  directory: string,
  options: OpenDatasetOptions = {},
): Promise<Dataset> {
  const { verify = true, memory: budget = Number.POSITIVE_INFINITY } = options;
  const path = joinLocation(directory, 'manifest.json');
  const manifest = await readManifest(path, directory);
  const { residentShards, indexedShards, ...memory } = divideMemory(manifest, budget);
  const shards: OpenShard[] = [];
  for (const [index, entry] of manifest.shards.entries()) {
    const location = joinLocation(directory, entry.path);
    if (index < residentShards) {
      shards.push(await readShard(location, entry, verify));
      continue;
    }
    // On a server each shard would be a request: there it shows when it is read.
    if (!isUrl(location)) (await openShard(location, entry)).release();
    const indexed = index < indexedShards;
    const bytes = RowIndex.bytes(manifest, entry.recordBatches.length);
    shards.push({ location, index: indexed ? sharedMemory(bytes) : undefined });
  }
  const samples = openSamples(manifest, shards, { cache: memory.cache, path });
  if (verify) {
    const resident = shards.filter((shard): shard is ShardBytes => !isPaged(shard));
    checkTokenIds(path, manifest, samples, resident.length);
    for (const [index, bytes] of resident.entries()) {
      checkRecordBatches(path, manifest, index, new Uint8Array(bytes));
    }
  }
  return { ...samples, directory, manifest, digest: datasetDigest(manifest), shards, memory };
}

async function readManifest(path: string, directory: string): Promise<Manifest> {
  let text: string;
  try {
    const source = await openByteSource(path);
    const bytes = new Uint8Array(source.byteLength);
    await source.read(0, bytes);
    source.release();
    text = new TextDecoder().decode(bytes);
  } catch (cause) {
    if (cause instanceof ShardError && cause.code === 'SHARD_MISSING') {
      throw new DatasetError('DATASET_MISSING', directory, { cause });
    }
    const { message } = cause as Error;
    throw new ManifestError(path, `it cannot be read (${message})`, { cause });
  }
  return parseManifest(path, text);
}

async function readShard(
  location: string,
  entry: ShardEntry,
  verify: boolean,
): Promise<ShardBytes> {
  const source = await openShard(location, entry);
  try {
    const shared = sharedMemory(entry.bytes);
    const bytes = new Uint8Array(shared);
    for (let reading = 1; ; reading++) {
      await source.read(0, bytes);
      const actual = verify ? toHex(sha256(bytes)) : entry.sha256;
      if (actual === entry.sha256) return shared;
      if (reading < readings) continue;
      const expected = `SHA-256 ${entry.sha256}`;
      throw new ShardError('SHARD_CHECKSUM', location, expected, `SHA-256 ${actual}`);
    }
  } finally {
    source.release();
  }
}
