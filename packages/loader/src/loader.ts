import { ArgumentError, kernelBytes, type OutputLengths, type VocabTraits } from '@maskloom/core';
import { cacheOf, type Dataset, openSamples } from '@maskloom/shards';
import type { Schema } from 'apache-arrow';
import { processors, startWorker } from '#worker';
import { type Batch, batchOf } from './batch.ts';
import { plannedIndex } from './batching/planned-index.ts';
import { cacheEventLine } from './cache/cache-event-line.ts';
import type { CacheCounts, CacheEvent, CacheOptions, MaskCache } from './cache/mask-cache.ts';
import { checkDatasets } from './check-dataset.ts';
import { type BatchResult, createCompute } from './compute.ts';
import { LoaderClosedError } from './errors.ts';
import { type BatchAddress, checkAddress } from './global-batch.ts';
import type { Layout, LayoutContext } from './layouts/layout.ts';
import { layoutContextOf } from './layouts/layout-context.ts';
import { type LayoutSpec, layoutsOf } from './layouts/layout-spec.ts';
import { maskerOf } from './masker.ts';
import type { BatchEvent } from './metrics/batch-event.ts';
import { type Plan, planId, stepsPerEpoch } from './plan.ts';
import { inlinePool } from './pools/inline-pool.ts';
import { maxWorkers, type Pool, type PoolJob } from './pools/pool.ts';
import type { Faults } from './pools/worker-compute.ts';
import { type WorkerFailureEvent, WorkerPool } from './pools/worker-pool.ts';
import { Ring, type RingShape } from './ring.ts';
import { align, metadataRoom, newSlot, type Slot } from './slot.ts';
import { checkState, type State, stateAfter } from './state.ts';

/** Batches computed ahead at most. */
export const maxPrefetch = 1024;

/** Options of {@linkcode createLoader}. */
export interface LoaderOptions {
  readonly plan: Plan;
  /** The dataset that the plan names; or `datasets`, if it names several. */
  readonly dataset?: Dataset;
  /** The datasets of a mixture, in the plan's order. */
  readonly datasets?: readonly Dataset[];
  /**
   * A folder where the index of packed rows, or of batches by length, is kept: it is built once for a dataset. Without
   * one, it is built each time.
   */
  readonly indexes?: string;
  /**
   * Worker threads, up to 256; 0 computes in the calling thread. Default: one less than there are processors, at
   * least 1.
   */
  readonly workers?: number;
  /**
   * Milliseconds after which a worker that has not computed its batch counts as hung, and the batch is computed again
   * elsewhere. Default 60,000.
   */
  readonly patience?: number;
  /** Failures in a row, of a batch or of all workers, before giving up. Default 4. */
  readonly attempts?: number;
  /** Limit of a worker's heap in MiB, on Node. Default Node's own. */
  readonly workerHeap?: number;
  /**
   * Keeps the masks of a plan in static mode, so that each (sample, copy) is masked once, ever: the same batches. Opening
   * reads what is there, closing writes what is not. Default: masks are computed each time.
   */
  readonly cache?: CacheOptions;
  /** Told of what happens beside the batches. Default: it is logged with `console.warn`. */
  readonly onEvent?: (event: LoaderEvent) => void;
  /** Closes the loader. */
  readonly signal?: AbortSignal;
  /** @internal For tests: workers that fail. */
  readonly faults?: Faults;
}

/** What happens beside the batches. */
export type LoaderEvent = BatchEvent | WorkerFailureEvent | CacheEvent;

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
  /** Default `dense`, or `seq2seq` for a plan of span corruption. */
  readonly layout?: LayoutSpec;
  /** Batches computed ahead of the one being consumed, up to 1024: each has memory of its own. Default 4. */
  readonly prefetch?: number;
  /** Whether batches carry their sample digests. Default false. */
  readonly digest?: boolean;
  /** Ends the iteration with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Options of `epoch()`. */
export interface EpochOptions extends Omit<BatchesOptions, 'from' | 'steps'> {
  /** First step. Default 0. */
  readonly from?: number;
}

/** Gives any batch of a plan, and streams of them. */
export interface Loader {
  readonly plan: Plan;
  /** The plan id, hexadecimal. */
  readonly planId: string;
  readonly stepsPerEpoch: number;
  readonly workers: number;
  /** The layout that batches have if none is asked for. */
  readonly defaultLayout: 'dense' | 'seq2seq';
  /** How many workers failed so far. */
  readonly workerFailures: number;
  /** How many samples were masked and how many read from the cache, so far; undefined without one. */
  readonly cacheCounts: CacheCounts | undefined;
  /**
   * The Arrow schema of a layout's batches (default as in `batches()`); for one that pads to the batch, of
   * the widest.
   */
  schema(layout?: LayoutSpec): Schema;
  /**
   * Computes one batch, in memory of its own.
   *
   * @throws {PoolError} when workers failed too often in a row.
   * @throws {LoaderClosedError} once the loader is closed.
   */
  batch(
    address: BatchAddress & { readonly layout?: LayoutSpec; readonly digest?: boolean },
  ): Promise<Batch>;
  /**
   * Streams batches in order. A batch is valid until the next is asked for: its memory is a slot of
   * the ring, which workers then fill again. A consumer that stops asking stops the workers.
   *
   * @throws {PoolError} when workers failed too often in a row.
   * @throws {LoaderClosedError} once the loader is closed.
   */
  batches(options?: BatchesOptions): AsyncGenerator<Batch, void, void>;
  /** Streams the batches of an epoch, from its beginning or a step on, as `batches()` does. */
  epoch(epoch: number, options?: EpochOptions): AsyncGenerator<Batch, void, void>;
  /**
   * Ends threads and frees memory at once: what is under way rejects. Batches that were handed over stay as they are.
   * Closing again is the same as once. With a cache, what it has not yet written is, first.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens a loader.
 *
 * @throws {PlanError} with code `PLAN_DATASET` if the plan names another dataset.
 * @throws {ArgumentError} for options out of range, or a dataset whose samples or vocabulary a plan of span
 * corruption does not fit; from `batch` and `batches` for an address that is not in the plan, or a layout that does not fit it.
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
  const { plan, workers = Math.min(Math.max(1, processors() - 1), maxWorkers) } = options;
  const { patience = 60_000, attempts = 4, workerHeap, signal, faults } = options;
  checkCount('workers', workers, 0, maxWorkers);
  checkCount('patience', patience, 1);
  checkCount('attempts', attempts, 1);
  signal?.throwIfAborted();
  const datasets = options.datasets ?? (options.dataset === undefined ? [] : [options.dataset]);
  checkDatasets(plan, datasets);
  const threads = Math.max(1, workers);
  const opened = await Promise.all(
    datasets.map(async ({ manifest, shards, memory, ...dataset }, number) => {
      const cache = cacheOf(memory, threads);
      // Threads have all of the memory there is for caches: this one keeps a single record batch.
      const samples = openSamples(manifest, shards, { cache: workers === 0 ? cache : 0 });
      const index = await plannedIndex(
        plan,
        number,
        { ...dataset, manifest, ...samples },
        options.indexes,
      );
      return { manifest, shards, cache, samples, index };
    }),
  );
  const closeSamples = () => {
    for (const { samples } of opened) samples.close?.();
  };
  const context = await layoutContextOf(plan, opened);
  const { onEvent = logEvent } = options;
  const failures = { count: 0 };
  const onFailure = (event: WorkerFailureEvent): void => {
    failures.count++;
    onEvent(event);
  };
  const maskCache = await openCache(plan, context.vocab, datasets, options.cache, onEvent).catch(
    (error: unknown) => {
      closeSamples();
      throw error;
    },
  );
  const masks = maskCache?.memory;
  const pool =
    workers === 0
      ? inlinePool(
          createCompute(plan, context, opened, masks),
          (room) => maskerOf(plan, context.vocab, room),
          closeSamples,
        )
      : new WorkerPool(
          workers,
          startWorker,
          {
            plan,
            context,
            datasets: opened.map(({ manifest, shards, cache, index }) => ({
              manifest,
              shards,
              cache,
              index: index?.bytes,
            })),
            masks,
            faults,
          },
          { patience, attempts, heap: workerHeap, onFailure },
        );
  if (workers > 0) closeSamples();
  const loader = new PooledLoader(plan, context, workers, pool, failures, maskCache, onEvent);
  signal?.addEventListener('abort', () => void loader.close(), { once: true });
  return loader;
}

async function openCache(
  plan: Plan,
  vocab: VocabTraits,
  datasets: readonly Dataset[],
  options: CacheOptions | undefined,
  onEvent: (event: CacheEvent) => void,
): Promise<MaskCache | undefined> {
  if (options === undefined) return undefined;
  // Imported here so that the package also loads where there are no files.
  const { openMaskCache } = await import('#mask-cache');
  return await openMaskCache(plan, vocab, datasets, options, onEvent);
}

/** Logs what is worth it with `console.warn`: what loaders do with their events unless told otherwise. */
export function logEvent(event: LoaderEvent): void {
  if (event.type === 'batch') return;
  if (event.type !== 'worker-failure') {
    console.warn(cacheEventLine(event));
    return;
  }
  const { error, failures, givenUp } = event;
  const then = givenUp ? 'giving up' : 'another computes its batch';
  console.warn(`${error.stack}\n(failure ${failures} in a row; ${then})`);
}

class PooledLoader implements Loader {
  readonly plan: Plan;
  readonly planId: string;
  readonly stepsPerEpoch: number;
  readonly workers: number;
  /** By layout and widths: batches of one width have one schema. */
  readonly #schemas = new Map<string, Schema>();
  #lastSchema:
    | (OutputLengths & { readonly layout: LayoutSpec | undefined; readonly schema: Schema })
    | undefined;
  readonly #context: LayoutContext;
  readonly #layoutOf: (spec: LayoutSpec | undefined) => Layout;
  readonly #pool: Pool;
  readonly #failures: { readonly count: number };
  readonly #cache: MaskCache | undefined;
  readonly #onEvent: (event: LoaderEvent) => void;
  /** The ring of a stream that ended, for the next. */
  #idle: Ring | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    plan: Plan,
    context: LayoutContext,
    workers: number,
    pool: Pool,
    failures: { readonly count: number },
    cache: MaskCache | undefined,
    onEvent: (event: LoaderEvent) => void,
  ) {
    this.plan = plan;
    this.planId = planId(plan);
    this.stepsPerEpoch = stepsPerEpoch(plan);
    this.workers = workers;
    this.#context = context;
    this.#layoutOf = layoutsOf(context);
    this.#pool = pool;
    this.#failures = failures;
    this.#cache = cache;
    this.#onEvent = onEvent;
  }

  get defaultLayout(): 'dense' | 'seq2seq' {
    return this.#context.defaultLayout;
  }

  get cacheCounts(): CacheCounts | undefined {
    return this.#cache?.counts();
  }

  get workerFailures(): number {
    return this.#failures.count;
  }

  schema(layout?: LayoutSpec): Schema {
    return this.#schema(layout, this.#context.capacity);
  }

  async batch(
    address: BatchAddress & { readonly layout?: LayoutSpec; readonly digest?: boolean },
  ): Promise<Batch> {
    const { layout, digest = false } = address;
    if (this.#closed !== undefined) throw new LoaderClosedError();
    const checked = checkAddress(this.plan, address);
    const slot = newSlot(this.#slotBytes(layout, checked.world), this.#pool.sharing === 'shared');
    const task = { address: checked, layout, slot, digest, ring: undefined, stream: slot };
    const { result, slot: filled } = await this.#pool.run(task).take();
    return this.#batch(layout, checked, filled, result);
  }

  batches(options: BatchesOptions = {}): AsyncGenerator<Batch, void, void> {
    const stream = this.#batches(options);
    // Node 20 does not give generators this method.
    stream[Symbol.asyncDispose] ??= async () => {
      await stream.return();
    };
    return stream;
  }

  epoch(epoch: number, options: EpochOptions = {}): AsyncGenerator<Batch, void, void> {
    const { from: step = 0, ...rest } = options;
    checkAddress(this.plan, { epoch, step });
    return this.batches({ ...rest, from: { epoch, step }, steps: this.stepsPerEpoch - step });
  }

  async *#batches(options: BatchesOptions): AsyncGenerator<Batch, void, void> {
    const { layout, digest = false, prefetch = 4, signal } = options;
    const { rank = 0, world = 1, steps = Number.POSITIVE_INFINITY } = options;
    if (steps !== Number.POSITIVE_INFINITY) checkCount('steps', steps, 0);
    checkCount('prefetch', prefetch, 0, maxPrefetch);
    const from: Position = options.from ?? { epoch: 0, step: 0 };
    if (from.plan !== undefined) checkState(this.plan, from);
    let address = checkAddress(this.plan, { epoch: from.epoch, step: from.step, rank, world });
    const slotBytes = this.#slotBytes(layout, world);
    signal?.throwIfAborted();
    if (this.#closed !== undefined) throw new LoaderClosedError();
    if (steps === 0) return;

    const stream = {};
    const ring = this.#takeRing(Math.min(prefetch + 1, steps), slotBytes);
    const free = [...ring.slots];
    const ahead: { address: Required<BatchAddress>; job: PoolJob }[] = [];
    let submitted = 0;
    let ready = 0;
    const onComputed = (): void => {
      ready++;
    };
    const submit = (): void => {
      while (submitted < steps && free.length > 0) {
        const slot = free.pop()!;
        const job = this.#pool.run({ address, layout, slot, digest, ring, stream, onComputed });
        ahead.push({ address, job });
        submitted++;
        const next = stateAfter(this.plan, this.planId, address);
        address = { epoch: next.epoch, step: next.step, rank, world };
      }
    };
    const abort = (): void => void this.#pool.cancel(stream, signal!.reason);
    signal?.addEventListener('abort', abort);
    try {
      submit();
      for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) {
        const asked = performance.now();
        const taken = next.job.take();
        const { result, slot, worker } = taken instanceof Promise ? await taken : taken;
        const waited = performance.now() - asked;
        signal?.throwIfAborted();
        ready--;
        const { rows, tokens, selected, started, computed } = result;
        const { epoch, step } = next.address;
        this.#onEvent({
          type: 'batch',
          epoch,
          step,
          rank,
          world,
          rows,
          tokens,
          selected,
          worker,
          started,
          computed,
          asked: performance.timeOrigin + asked,
          waited,
          ready,
          room: ring.slots.length - 1,
        });
        yield this.#batch(layout, next.address, slot, result);
        signal?.throwIfAborted();
        if (this.#closed !== undefined) throw new LoaderClosedError();
        free.push(slot);
        submit();
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      // Workers may still write to slots; nobody waits for that, but the next stream's ring is another until then.
      void this.#pool.cancel(stream, undefined).then(() => this.#giveRing(ring));
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#pool.close().then(() => this.#cache?.close());
    this.#idle = undefined;
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #takeRing(slots: number, slotBytes: number): Ring {
    const { sharing, rooms } = this.#pool;
    const roomBytes = align(kernelBytes(this.#context.vocab.size));
    const shape: RingShape = { sharing, slots, slotBytes, rooms, roomBytes };
    const idle = this.#idle;
    this.#idle = undefined;
    if (idle?.fits(shape) === true) return idle;
    // Its memory is let go before more is asked for.
    if (idle !== undefined) this.#pool.forget(idle);
    return new Ring(shape);
  }

  /** Keeps one ring for the next stream. */
  #giveRing(ring: Ring): void {
    const before = this.#idle;
    if (before !== undefined) this.#pool.forget(before);
    this.#idle = this.#closed === undefined ? ring : undefined;
  }

  #batch(
    layout: LayoutSpec | undefined,
    address: Required<BatchAddress>,
    slot: Slot,
    result: BatchResult,
  ): Batch {
    const schema = this.#schema(layout, result.capacity);
    return batchOf(slot, schema, address, result, stateAfter(this.plan, this.planId, address));
  }

  #schema(layout: LayoutSpec | undefined, { inputs, labels }: OutputLengths): Schema {
    const last = this.#lastSchema;
    if (last?.inputs === inputs && last.labels === labels && last.layout === layout) {
      return last.schema;
    }
    const name = `${JSON.stringify(layout)} ${inputs} ${labels}`;
    let schema = this.#schemas.get(name);
    if (schema === undefined) {
      schema = this.#layoutOf(layout).schema(this.#context, { inputs, labels });
      this.#schemas.set(name, schema);
    }
    this.#lastSchema = { layout, inputs, labels, schema };
    return schema;
  }

  #slotBytes(layout: LayoutSpec | undefined, world: number): number {
    const rows = Math.ceil(this.plan.batch / world);
    return metadataRoom + this.#layoutOf(layout).capacity(this.#context, rows);
  }
}

function checkCount(
  argument: string,
  value: number,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): void {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    const upTo = most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`;
    throw new ArgumentError(argument, `an integer from ${least}${upTo}`, value);
  }
}
