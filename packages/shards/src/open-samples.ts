import type { Manifest } from './manifest.ts';
import { pagedSamples } from './paging/paged-samples.ts';
import { isPaged, type OpenShard } from './paging/paged-shard.ts';
import { residentSamples, type Samples } from './samples.ts';

/** Options of {@linkcode openSamples}. */
export interface OpenSamplesOptions {
  /** Bytes of record batches that this thread may keep. Default 0: it keeps one. */
  readonly cache?: number;
  /** Where the manifest is from, for messages. Default `manifest.json`. */
  readonly path?: string;
}

/**
 * Opens the samples of a dataset again, in another thread: over the same memory, without copying. Shards that are
 * not in memory are read by each thread itself.
 *
 * @param shards `shards` of the opened dataset, in the manifest's order
 * @throws {ShardError} with code `SHARD_FORMAT` if a shard is no Arrow IPC file of such rows.
 * @throws {ManifestError} naming the field that is not as the shards are.
 *
 * @example
 * ```ts
 * import { openDataset, openSamples } from '@maskloom/shards';
 * const { manifest, shards } = await openDataset('data/sotu');
 * const samples = openSamples(manifest, shards); // in a thread that both were posted to
 * console.log(samples.length(0));
 * ```
 */
export function openSamples(
  manifest: Manifest,
  shards: readonly OpenShard[],
  options: OpenSamplesOptions = {},
): Samples {
  const resident = residentSamples(
    options.path ?? 'manifest.json',
    manifest,
    shards.map((shard) => (isPaged(shard) ? undefined : shard)),
  );
  if (!shards.some(isPaged)) return resident;
  const paged = shards.map((shard) => (isPaged(shard) ? shard : undefined));
  return pagedSamples(manifest, paged, resident, options.cache ?? 0);
}
