import { availableParallelism } from 'node:os';
import { ArgumentError } from '@maskloom/core';
import type { Dataset } from '@maskloom/shards';
import type { Schema } from 'apache-arrow';
import { type Batch, batchOf } from './batch.ts';
import { checkDataset } from './check-dataset.ts';
import { type BatchResult, createCompute, layoutContext } from './compute.ts';
import { type BatchAddress, checkAddress } from './global-batch.ts';
import { type LayoutSpec, layoutOf } from './layouts/layout-spec.ts';
import { type Plan, planId, stepsPerEpoch } from './plan.ts';
import { inlinePool } from './pools/inline-pool.ts';
import { maxWorkers, type Pool } from './pools/pool.ts';
import { threadPool } from './pools/thread-pool.ts';
import { metadataRoom, type SlotBytes } from './slot.ts';
import { checkState, type State, stateAfter } from './state.ts';

/** Batches computed ahead at most. */
export const maxPrefetch = 1024;

/** Options of {@linkcode createLoader}. */
export interface LoaderOptions {
  readonly plan: Plan;
  /** The dataset that the plan names. */
  readonly dataset: Dataset;
  /**
   * Worker threads, up to 256; 0 computes in the calling thread. Default: one less than there are processors, at
   * least 1.
   */
  readonly workers?: number;
}

/** Where a stream starts. With a plan id, as a {@linkcode State} has one, it is checked. */
export type Position = Pick<State, 'epoch' | 'step'> & Partial<State>;

/** Options of `batches()`. */
export interface BatchesOptions {
  /** Where to start: an address, or a state that `next` gave. Default the first batch. */
  readonly from?: Position;
  /** How many batches, going on through epochs. Default without end. */
  readonly steps?: number;
  /** Which slice of each global batch. Default 0. */
  readonly rank?: number;
  /** In how many slices each global batch is cut. Default 1. */
  readonly world?: number;
  /** Default `dense`. */
  readonly layout?: LayoutSpec;
  /** Batches computed ahead of the one being consumed, up to 1024: each has memory of its own. Default 4. */
  readonly prefetch?: number;
  /** Whether batches carry their sample digests. Default false. */
  readonly digest?: boolean;
  /** Ends the iteration with the signal's reason, at once. */
  readonly signal?: AbortSignal;
}

/** Gives any batch of a plan, and streams of them. */
export interface Loader {
  readonly plan: Plan;
  /** The plan id, hexadecimal. */
  readonly planId: string;
  readonly stepsPerEpoch: number;
  readonly workers: number;
  /** The Arrow schema of a layout's batches; for `dense` that pads to the batch, of the widest. */
  schema(layout: LayoutSpec): Schema;
  /** Computes one batch, in memory of its own. */
  batch(
    address: BatchAddress & { readonly layout?: LayoutSpec; readonly digest?: boolean },
  ): Promise<Batch>;
  /**
   * Streams batches in order. A batch is valid until the next is asked for: its memory is a slot of
   * the ring, which workers then fill again. A consumer that stops asking stops the workers.
   */
  batches(options?: BatchesOptions): AsyncGenerator<Batch, void, void>;
  /** Waits for what is under way, then frees threads and memory. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens a loader.
 *
 * @throws {PlanError} with code `PLAN_DATASET` if the plan names another dataset.
 * @throws {ArgumentError} for options out of range; from `batch` and `batches` for an address that is not in the plan.
 *
 * @example
 * ```ts
 * import { tokenMasking } from '@maskloom/core';
 * import { createLoader, createPlan, readDense } from '@maskloom/loader';
 * import { openDataset } from '@maskloom/shards';
 * const dataset = await openDataset('data/sotu');
 * const strategy = tokenMasking({ rate: 0.15 });
 * const plan = createPlan({ dataset, strategy, seed: 42n, batch: 32 });
 * const loader = await createLoader({ plan, dataset, workers: 2 });
 * for await (const batch of loader.batches({ steps: 100 })) {
 *   const { inputIds, labels, width } = readDense(batch.recordBatch);
 * }
 * await loader.close();
 * ```
 */
export async function createLoader(options: LoaderOptions): Promise<Loader> {
  const { plan, dataset } = options;
  const { workers = Math.min(Math.max(1, availableParallelism() - 1), maxWorkers) } = options;
  checkCount('workers', workers, maxWorkers);
  checkDataset(plan, dataset);
  const { manifest, shards } = dataset;
  const pool =
    workers === 0
      ? inlinePool(createCompute(plan, manifest, dataset))
      : await threadPool(workers, { plan, manifest, shards });
  return new PooledLoader(plan, dataset, workers, pool);
}

class PooledLoader implements Loader {
  readonly plan: Plan;
  readonly planId: string;
  readonly stepsPerEpoch: number;
  readonly workers: number;
  readonly #dataset: Dataset;
  readonly #pool: Pool;

  constructor(plan: Plan, dataset: Dataset, workers: number, pool: Pool) {
    this.plan = plan;
    this.planId = planId(plan);
    this.stepsPerEpoch = stepsPerEpoch(plan);
    this.workers = workers;
    this.#dataset = dataset;
    this.#pool = pool;
  }

  schema(layout: LayoutSpec): Schema {
    return this.#schema(layout, this.#dataset.manifest.longest);
  }

  async batch(
    address: BatchAddress & { readonly layout?: LayoutSpec; readonly digest?: boolean },
  ): Promise<Batch> {
    const { layout = 'dense', digest = false } = address;
    const checked = checkAddress(this.plan, address);
    const slot = new SharedArrayBuffer(this.#slotBytes(layout, checked.world));
    const result = await this.#pool.run({ address: checked, layout, slot, digest });
    return this.#batch(slot, layout, checked, result);
  }

  async *batches(options: BatchesOptions = {}): AsyncGenerator<Batch, void, void> {
    const { layout = 'dense', digest = false, prefetch = 4, signal } = options;
    const { rank = 0, world = 1, steps = Number.POSITIVE_INFINITY } = options;
    if (steps !== Number.POSITIVE_INFINITY) checkCount('steps', steps);
    checkCount('prefetch', prefetch, maxPrefetch);
    const from: Position = options.from ?? { epoch: 0, step: 0 };
    if (from.plan !== undefined) checkState(this.plan, from);
    let address = checkAddress(this.plan, { epoch: from.epoch, step: from.step, rank, world });

    const bytes = this.#slotBytes(layout, world);
    const free: SlotBytes[] = [];
    for (let slots = 0; slots < Math.min(prefetch + 1, steps); slots++) {
      free.push(new SharedArrayBuffer(bytes));
    }
    const ahead: {
      address: Required<BatchAddress>;
      slot: SlotBytes;
      result: Promise<BatchResult>;
    }[] = [];
    let submitted = 0;
    const submit = (): void => {
      while (submitted < steps && free.length > 0) {
        const slot = free.pop()!;
        const result = this.#pool.run({ address, layout, slot, digest });
        // Awaited in turn below; until then a failure must not count as unhandled.
        result.catch(() => {});
        ahead.push({ address, slot, result });
        submitted++;
        const next = stateAfter(this.plan, this.planId, address);
        address = { epoch: next.epoch, step: next.step, rank, world };
      }
    };

    try {
      signal?.throwIfAborted();
      submit();
      for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) {
        const result = await untilAborted(next.result, signal);
        yield this.#batch(next.slot, layout, next.address, result);
        free.push(next.slot);
        submit();
      }
    } finally {
      // Workers write to the slots until they are done. Whoever aborts does not wait for that.
      if (!signal?.aborted) await Promise.allSettled(ahead.map(({ result }) => result));
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #batch(
    slot: SlotBytes,
    layout: LayoutSpec,
    address: Required<BatchAddress>,
    result: BatchResult,
  ): Batch {
    const schema = this.#schema(layout, result.longestOfBatch);
    return batchOf(slot, schema, address, result, stateAfter(this.plan, this.planId, address));
  }

  #schema(layout: LayoutSpec, longestOfBatch: number): Schema {
    return layoutOf(layout).schema(
      layoutContext(this.plan, this.#dataset.manifest),
      longestOfBatch,
    );
  }

  #slotBytes(layout: LayoutSpec, world: number): number {
    const rows = Math.ceil(this.plan.batch / world);
    const context = layoutContext(this.plan, this.#dataset.manifest);
    return metadataRoom + layoutOf(layout).capacity(context, rows);
  }
}

/** The result of some work, unless the signal comes first: then an error, the signal's reason. */
function untilAborted<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function checkCount(argument: string, value: number, most = Number.MAX_SAFE_INTEGER): void {
  if (!Number.isSafeInteger(value) || value < 0 || value > most) {
    const upTo = most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`;
    throw new ArgumentError(argument, `an integer from 0${upTo}`, value);
  }
}
