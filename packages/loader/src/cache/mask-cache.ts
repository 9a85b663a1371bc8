/** @file The cache of static masks, as a loader holds it; on Node and Deno. */
import { Worker } from 'node:worker_threads';
import { ArgumentError, type VocabTraits } from '@maskloom/core';
import type { Manifest } from '@maskloom/shards';
import { CacheEntryError } from '../errors.ts';
import type { Plan } from '../plan.ts';
import { cacheId, cachePartsOf } from './cache-parts.ts';
import type { KeeperStart } from './keeper.ts';
import type { KeeperMessage } from './keeper-thread.ts';
import { createMaskMemory, type MaskMemory, Masks, recordWords } from './mask-memory.ts';

/** Where the masks of a plan in static mode are kept. */
export interface CacheOptions {
  /** A folder; processes and plans may share it. */
  readonly directory: string;
  /**
   * Bytes that the folder may take: the entries used longest ago make room. A loader's own masks, which it holds in
   * memory as well, take at most as much there. Default 1 GiB.
   */
  readonly limit?: number;
  /** @internal For tests: when masks are written. */
  readonly timing?: Partial<Pick<KeeperStart, 'entryBytes' | 'entryAge' | 'interval'>>;
}

/** What happens to a cache. The stream goes on as it would without. */
export type CacheEvent =
  /** An entry was torn or altered: it was removed, and its masks are computed again. */
  | { readonly type: 'cache-entry'; readonly error: CacheEntryError }
  /** Masks can't be written, or not be kept at all. Told once. */
  | { readonly type: 'cache-off'; readonly error: Error }
  /** The limit is reached: what is computed from now on is not kept. Told once. */
  | { readonly type: 'cache-full'; readonly place: 'memory' | 'disk'; readonly limit: number };

/** How many samples were masked and how many read, so far. */
export interface CacheCounts {
  readonly computed: number;
  readonly read: number;
}

/** A dataset of a plan. */
type MaskedData = { readonly manifest: Pick<Manifest, 'rows' | 'tokens' | 'longest'> };

/** An open cache. */
export interface MaskCache {
  /** What computing threads share; undefined if there is no place for any copy. */
  readonly memory: MaskMemory | undefined;
  counts(): CacheCounts;
  /** Writes what is not yet on disk. */
  close(): Promise<void>;
}

const defaultLimit = 2 ** 30;
/** Words are addressed with 32 bits. */
const largestArena = 2 ** 34 - 2 ** 24;
/** How long closing waits for the disk, in milliseconds. */
const closePatience = 30_000;

/**
 * Opens the cache of a plan's masks: reads what there is, and starts its keeper.
 *
 * @throws {ArgumentError} for a plan in dynamic mode, or a limit out of range.
 */
export async function openMaskCache(
  plan: Plan,
  vocab: VocabTraits,
  datasets: readonly MaskedData[],
  options: CacheOptions,
  onEvent: (event: CacheEvent) => void,
): Promise<MaskCache> {
  const { directory, limit = defaultLimit, timing } = options;
  if (plan.mode !== 'static') {
    throw new ArgumentError(
      'cache',
      'none for a plan in dynamic mode',
      directory,
      'its masks are used once; make a plan in static mode, or leave the cache out',
    );
  }
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new ArgumentError('cache.limit', 'a number of bytes from 1', limit);
  }
  const memory = memoryFor(plan, vocab, datasets, limit);
  if (memory === undefined) {
    const rows = plan.datasets.reduce((sum, dataset) => sum + dataset.rows, 0);
    const error = new RangeError(
      `The cache's limit of ${limit} bytes has no place for the masks of ${rows} samples: give it more`,
    );
    onEvent({ type: 'cache-off', error });
    return { memory, counts: () => ({ computed: 0, read: 0 }), close: async () => {} };
  }
  const masks = new Masks(memory);
  const start: KeeperStart = {
    memory,
    directory,
    limit,
    families: cachePartsOf(plan, vocab).map((parts) => ({ id: cacheId(parts), parts })),
    entryBytes: 2 ** 23,
    entryAge: 30_000,
    interval: 500,
    ...timing,
  };
  const close = await startKeeper(start, onEvent);
  return {
    memory,
    counts: () => ({ computed: masks.computed, read: masks.read }),
    close,
  };
}

/** Starts the keeper's thread and waits until it has read what there is; returns what closes it. */
async function startKeeper(
  start: KeeperStart,
  onEvent: (event: CacheEvent) => void,
): Promise<() => Promise<void>> {
  const thread = new Worker(new URL('./keeper-thread.js', import.meta.url), {
    name: 'maskloom-keeper',
    workerData: start,
  });
  const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
  // Whatever ends the thread ends the keeping of masks, never the stream.
  thread.on('error', (error: Error) => onEvent({ type: 'cache-off', error }));
  await new Promise<void>((resolve) => {
    void ended.then(resolve);
    thread.on('message', (message: KeeperMessage) => {
      if (message.type === 'opened') resolve();
      else if (message.type === 'entry') {
        const { path, expected, actual } = message;
        onEvent({ type: 'cache-entry', error: new CacheEntryError(path, expected, actual) });
      } else if (message.type === 'unwritable')
        onEvent({ type: 'cache-off', error: message.error });
      else if (message.type === 'full') {
        onEvent({ type: 'cache-full', place: message.place, limit: start.limit });
      }
    });
  });
  thread.unref();
  return async () => {
    thread.ref();
    const closed = new Promise<void>((resolve) => {
      thread.on('message', ({ type }: KeeperMessage) => {
        if (type === 'closed') resolve();
      });
      void ended.then(resolve);
    });
    thread.postMessage('close');
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, closePatience);
    });
    await Promise.race([closed, late]);
    clearTimeout(timer);
    await thread.terminate();
  };
}

/** Memory for the masks of as many copies as the limit has place for. */
function memoryFor(
  plan: Plan,
  vocab: VocabTraits,
  datasets: readonly MaskedData[],
  limit: number,
): MaskMemory | undefined {
  const total = { rows: 0, tokens: 0, longest: 0 };
  for (const { manifest } of datasets) {
    total.rows += manifest.rows;
    total.tokens += manifest.tokens;
    total.longest = Math.max(total.longest, manifest.longest);
  }
  // A table takes half of the limit at most: more copies than that are computed each time.
  const copies = Math.min(plan.copies ?? 1, Math.floor(limit / 2 / (4 * total.rows)));
  if (copies === 0) return undefined;
  const wide = vocab.size > 65_536 || total.longest >= 65_536;
  // Each token masked, and of a sequence-to-sequence strategy some ids that it adds.
  const values = (tokens: number, rows: number) => 2 * tokens + 64 * rows;
  const chunkWords = Math.max(2 ** 12, 2 * recordWords(values(total.longest, 1), wide));
  const most =
    copies *
    (4 * total.rows * recordWords(0, wide) + (wide ? 4 : 2) * values(total.tokens, total.rows));
  let arenaBytes = Math.min(
    limit - 4 * total.rows * copies,
    most + 64 * 4 * chunkWords,
    largestArena,
  );
  for (; arenaBytes >= 4 * chunkWords; arenaBytes /= 2) {
    try {
      return createMaskMemory({
        datasets: plan.datasets.map(({ base, rows }) => ({ base: BigInt(base), rows })),
        copies,
        sequences: plan.strategy.type === 'span-corruption',
        wide,
        chunkWords,
        arenaBytes: Math.floor(arenaBytes),
      });
    } catch (error) {
      // The system has less: half of it may do.
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return undefined;
}
