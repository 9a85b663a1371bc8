/**
 * Datasets of tokenised samples: Arrow IPC files with a manifest, written whole or not at all and
 * verified when read.
 *
 * @module
 */
export { canonicalJson, type Json } from './canonical-json.ts';
export { type Dataset, type OpenDatasetOptions, openDataset } from './dataset.ts';
export { createDraft, type Draft, makeFolders } from './draft.ts';
export { DatasetError, ManifestError, OutputError, ShardError } from './errors.ts';
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
export {
  createDatasetWriter,
  type DatasetWriter,
  type DatasetWriterOptions,
  type ShardRow,
} from './writer.ts';
