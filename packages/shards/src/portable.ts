/**
 * What works without files: the package's entry in a browser.
 *
 * @module
 */
export { canonicalJson, type Json } from './canonical-json.ts';
export type { Dataset } from './dataset.ts';
export { DatasetError, ManifestError, ShardError } from './errors.ts';
export {
  datasetDigest,
  type ExtraColumn,
  type Manifest,
  parseManifest,
  type RecordBatchRange,
  type ShardEntry,
} from './manifest.ts';
export { openSamples, type Samples, type ShardBytes } from './samples.ts';
export { tokenArray, tokenType } from './schema.ts';
export { fromHex, sha256, toHex } from './sha256/sha256.ts';
