/**
 * What works without files: the package's entry in a browser, which reads datasets by their URL.
 *
 * @module
 */
export { canonicalJson, type Json } from './canonical-json.ts';
export { type Dataset, type OpenDatasetOptions, openDataset } from './dataset.ts';
export {
  DatasetError,
  ManifestError,
  OutputError,
  ShardError,
  type ShardPlace,
} from './errors.ts';
export {
  datasetDigest,
  type ExtraColumn,
  type Manifest,
  parseManifest,
  type RecordBatchRange,
  type ShardEntry,
} from './manifest.ts';
export { type OpenSamplesOptions, openSamples } from './open-samples.ts';
export { cacheOf, type DatasetMemory } from './paging/memory-budget.ts';
export type { OpenShard, PagedShard } from './paging/paged-shard.ts';
export type {
  LoadedSamples,
  LoadRequest,
  ReadySamples,
  Samples,
  ShardBytes,
} from './samples.ts';
export { tokenArray, tokenType } from './schema.ts';
export { fromHex, sha256, toHex } from './sha256/sha256.ts';
export type { ByteSource } from './sources/byte-source.ts';
export { openByteSource } from './sources/open-byte-source.ts';
