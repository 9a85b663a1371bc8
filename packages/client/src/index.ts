/**
 * The TypeScript client of the sidecar, for Node and Deno.
 *
 * @module
 */
export {
  batchDigest,
  type CompactColumns,
  type DenseColumns,
  type Position,
  readCompact,
  readDense,
  readSeq2seq,
  readVarlen,
  type Seq2seqColumns,
  type State,
  StreamDigest,
  sampleDigests,
  type VarlenColumns,
} from '@maskloom/loader';
export {
  type Client,
  type ClientBatch,
  type ClientBatchesOptions,
  type ConnectOptions,
  connect,
} from './client.ts';
export { SidecarError } from './errors.ts';
export {
  type ConnectStagesOptions,
  connectStages,
  type StagesClient,
  type StagesClientBatchesOptions,
} from './stages.ts';
