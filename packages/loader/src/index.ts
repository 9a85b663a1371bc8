/**
 * The loader: any batch of a plan at any time, on any number of workers and ranks, bit for bit.
 *
 * @module
 */
export { type Batch, endOfStream, schemaMessage } from './batch.ts';
export { checkDataset } from './check-dataset.ts';
export { type DigestedSample, StreamDigest, sampleDigest, sampleDigests } from './digest.ts';
export { PlanError } from './errors.ts';
export type { BatchAddress } from './global-batch.ts';
export { type CompactColumns, readCompact } from './layouts/compact.ts';
export { type DenseColumns, type DenseOptions, readDense } from './layouts/dense.ts';
export type { LayoutSpec } from './layouts/layout-spec.ts';
export {
  type BatchesOptions,
  createLoader,
  type Loader,
  type LoaderOptions,
  maxPrefetch,
  type Position,
} from './loader.ts';
export { globalOrder, type Order } from './order.ts';
export {
  createPlan,
  type Plan,
  type PlanDataset,
  type PlanOptions,
  parsePlan,
  planId,
  rateOf,
  stepsPerEpoch,
} from './plan.ts';
export { maxWorkers } from './pools/pool.ts';
export type { RateSchedule } from './rate-schedule.ts';
export { checkState, type State, stateAfter } from './state.ts';
