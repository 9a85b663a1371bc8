/**
 * The loader: any batch of a plan at any time, on any number of workers and ranks, bit for bit.
 *
 * @module
 */
export { type Batch, endOfStream, schemaMessage } from './batch.ts';
export { globalOrder, type Order, type OrderPlan, windowedOrder } from './batching/order.ts';
export type { RowsOptions, RowsPlan } from './batching/rows-plan.ts';
export { sampleLengths } from './batching/sample-lengths.ts';
export type { CacheParts } from './cache/cache-parts.ts';
export {
  type CacheFamily,
  listCache,
  type PrunedCache,
  pruneCache,
  verifyCache,
} from './cache/manage.ts';
export type { CacheCounts, CacheEvent, CacheOptions } from './cache/mask-cache.ts';
export { longestOutputs } from './capacity.ts';
export { checkDataset, checkDatasets, mixedVocab } from './check-dataset.ts';
export { diffPlans } from './diff-plans.ts';
export {
  type BatchedSample,
  batchDigest,
  type DigestedSample,
  StreamDigest,
  sampleDigest,
  sampleDigests,
  samplesOf,
} from './digest.ts';
export {
  CacheEntryError,
  LoaderClosedError,
  PlanError,
  PoolError,
  WorkerError,
  type WorkerFailure,
} from './errors.ts';
export { explainPlan, type PlanFact } from './explain/explain-plan.ts';
export type { BatchAddress } from './global-batch.ts';
export type { Difference } from './json-differences.ts';
export { type CompactColumns, readCompact } from './layouts/compact.ts';
export { type DenseColumns, readDense } from './layouts/dense.ts';
export type { PadOptions } from './layouts/layout.ts';
export { defaultLayout, type LayoutSpec } from './layouts/layout-spec.ts';
export { readSeq2seq, type Seq2seqColumns } from './layouts/seq2seq.ts';
export { readVarlen, type VarlenColumns } from './layouts/varlen.ts';
export {
  type BatchesOptions,
  createLoader,
  type EpochOptions,
  type Loader,
  type LoaderEvent,
  type LoaderOptions,
  logEvent,
  maxPrefetch,
  type Position,
} from './loader.ts';
export type { BatchEvent } from './metrics/batch-event.ts';
export type { HistogramCounts } from './metrics/histogram.ts';
export {
  createMetrics,
  type Metrics,
  type MetricsSnapshot,
  prometheusText,
} from './metrics/metrics.ts';
export { type TraceEvent, traceEvents } from './metrics/trace.ts';
export {
  checkPlan,
  createPlan,
  type Plan,
  type PlanDataset,
  type PlannedDataset,
  type PlanOptions,
  parsePlan,
  planId,
  rateOf,
  stepsPerEpoch,
} from './plan.ts';
export { maxWorkers } from './pools/pool.ts';
export type { WorkerFailureEvent } from './pools/worker-pool.ts';
export type { RateSchedule } from './rate-schedule.ts';
export { arrowStream, batchStream } from './readable.ts';
export {
  type InStage,
  type ReadOptions,
  StageReader,
  type StageReaderOptions,
  type StageSource,
} from './stages/stage-reader.ts';
export {
  createStages,
  parseStages,
  type Stage,
  type StageOptions,
  type StageStart,
  type Stages,
  stagesId,
} from './stages/stages.ts';
export {
  createStagesLoader,
  type StageBatch,
  type StageBatchAddress,
  type StagesBatchesOptions,
  type StagesLoader,
  type StagesLoaderOptions,
} from './stages/stages-loader.ts';
export type { StagesAddress, StagesPosition } from './stages/stages-state.ts';
export { checkState, parseState, type State, stateAfter } from './state.ts';
