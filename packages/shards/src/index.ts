/**
 * Datasets of tokenised samples: Arrow IPC files with a manifest, written whole or not at all and
 * verified when read.
 *
 * @module
 */
export { createDraft, type Draft, makeFolders } from './draft.ts';
export * from './portable.ts';
export {
  createDatasetWriter,
  type DatasetWriter,
  type DatasetWriterOptions,
  type ShardRow,
} from './writer.ts';
