/**
 * @file Keeps masks on disk. It runs in a thread of its own, beside those that compute: it takes the records that they
 * publish and writes them to entries, and reads into memory what other processes wrote. Nobody waits for it but
 * opening and closing.
 *
 * An entry holds the masks that were computed one after the other in a while, whichever samples these are. One for each
 * record batch of a shard would be found by its number, but in a global order each batch is of samples from everywhere:
 * such entries would be whole only at an epoch's end, and until then all of them would have to be held back, and would
 * be lost with the process; or the keeper would have to compute samples that nobody asked for. What was computed
 * together is on disk seconds later, in few large writes; where a sample is, the table in memory knows. The price is
 * that an entry has to be read whole, and that all of a plan's masks have to be in memory (see mask-memory.ts).
 */
import { CacheEntryError } from '../errors.ts';
import {
  type CacheEntryFile,
  listCacheFiles,
  readCacheEntry,
  removeCacheFile,
  shrinkCache,
  touchCacheEntry,
  writeCacheEntry,
} from './cache-folder.ts';
import type { CacheParts } from './cache-parts.ts';
import { decodeEntry, encodeEntry } from './entry-file.ts';
import { type MaskMemory, Masks } from './mask-memory.ts';

/** What a keeper is started with. */
export interface KeeperStart {
  readonly memory: MaskMemory;
  readonly directory: string;
  /** Bytes that the folder may take. */
  readonly limit: number;
  /** For each dataset: what its masks are of, and the id that they are found by. */
  readonly families: readonly { readonly id: string; readonly parts: CacheParts }[];
  /** Bytes of masks that make an entry. */
  readonly entryBytes: number;
  /** Milliseconds after which masks are written even if they are fewer. */
  readonly entryAge: number;
  /** Milliseconds from one look to the next. */
  readonly interval: number;
}

/** What a keeper tells. */
export type KeeperEvent =
  /** An entry was torn or altered: the fields of its error, which would not be posted whole. */
  | ({ readonly type: 'entry' } & Pick<CacheEntryError, 'path' | 'expected' | 'actual'>)
  /** Nothing is written any more. */
  | { readonly type: 'unwritable'; readonly error: Error }
  /** There is no place for more masks, in memory or on disk. */
  | { readonly type: 'full'; readonly place: 'memory' | 'disk' };

/** Records that are to be written together. */
interface Entry {
  readonly dataset: number;
  readonly copy: number;
  readonly records: number[];
  bytes: number;
}

/** Keeps the masks of one loader on disk. */
export class Keeper {
  readonly #start: KeeperStart;
  readonly #tell: (event: KeeperEvent) => void;
  readonly #masks: Masks;
  readonly #ids: ReadonlySet<string>;
  /** Paths of entries that were read or written. */
  readonly #known = new Set<string>();
  /** A bit for each key whose masks are on disk. */
  readonly #stored: Uint8Array;
  readonly #seen: number[] = [];
  #pending: number[] = [];
  #pendingBytes = 0;
  #pendingSince = 0;
  /** Bytes within the limit, and when that was looked up. */
  #room = 0;
  #roomSince = 0;
  #writes = true;
  #toldFull = false;
  #work: Promise<void> = Promise.resolve();

  constructor(start: KeeperStart, tell: (event: KeeperEvent) => void) {
    this.#start = start;
    this.#tell = tell;
    this.#masks = new Masks(start.memory);
    this.#ids = new Set(start.families.map(({ id }) => id));
    this.#stored = new Uint8Array(Math.ceil(start.memory.table.byteLength / 32));
  }

  /** Reads what there is. */
  open(): Promise<void> {
    return this.#next(() => this.#readNew());
  }

  /** Looks for what others wrote, and writes what makes an entry. */
  tick(): Promise<void> {
    return this.#next(async () => {
      await this.#readNew();
      this.#collect();
      const { entryBytes, entryAge } = this.#start;
      const old = this.#pending.length > 0 && Date.now() - this.#pendingSince >= entryAge;
      if (old || this.#pendingBytes >= entryBytes) await this.#writePending();
    });
  }

  /** Writes all that there is. */
  close(): Promise<void> {
    return this.#next(async () => {
      this.#collect();
      await this.#writePending();
    });
  }

  /** One thing after the other. */
  #next(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work);
    return this.#work;
  }

  async #readNew(): Promise<void> {
    let entries: readonly CacheEntryFile[];
    try {
      const { directory } = this.#start;
      ({ entries } = await listCacheFiles(directory, this.#ids, this.#known));
    } catch (error) {
      return this.#stop(error);
    }
    for (const entry of entries) {
      this.#known.add(entry.path);
      if (entry.copy < this.#start.memory.copies) await this.#read(entry);
    }
  }

  async #read(entry: CacheEntryFile): Promise<void> {
    const { path } = entry;
    try {
      const bytes = await readCacheEntry(entry);
      if (bytes === undefined) return;
      decodeEntry(this.#masks, bytes, (key) => this.#markStored(key));
      await touchCacheEntry(path);
    } catch (cause) {
      const told = cause instanceof CacheEntryError ? cause : undefined;
      const { expected = 'masks in an Arrow file', actual = String(cause) } = told ?? {};
      this.#tell({ type: 'entry', path, expected, actual });
      await removeCacheFile(path).catch(() => {});
    }
  }

  /** Takes what was published since; of that, what is not on disk. */
  #collect(): void {
    const { words } = this.#masks;
    for (const record of this.#masks.published(this.#seen)) {
      if (this.#isStored(words[record]!)) continue;
      if (this.#pending.length === 0) this.#pendingSince = Date.now();
      this.#pending.push(record);
      this.#pendingBytes += this.#masks.bytesOf(record);
    }
    if (this.#masks.full) this.#tellFull('memory');
  }

  async #writePending(): Promise<void> {
    const { directory, families } = this.#start;
    const { words } = this.#masks;
    for (const { dataset, copy, records } of this.#takePending()) {
      if (!this.#writes) return;
      const { id, parts } = families[dataset]!;
      const bytes = encodeEntry(this.#masks, records, { parts, copy });
      try {
        if (!(await this.#makeRoom(bytes.length))) continue;
        this.#known.add(await writeCacheEntry(directory, id, copy, bytes));
      } catch (error) {
        return this.#stop(error);
      }
      for (const record of records) this.#markStored(words[record]!);
    }
  }

  /** Sees to it that so many bytes more are within the limit; the folder is looked at only when it has to be. */
  async #makeRoom(bytes: number): Promise<boolean> {
    const now = Date.now();
    if (this.#room < bytes || now - this.#roomSince > 60_000) {
      const { directory, limit } = this.#start;
      this.#room = limit - (await shrinkCache(directory, limit - bytes, this.#ids)).bytes;
      this.#roomSince = now;
    }
    if (this.#room < bytes) {
      this.#tellFull('disk');
      return false;
    }
    this.#room -= bytes;
    return true;
  }

  /** What waits to be written, by entries. */
  #takePending(): Entry[] {
    const entries: Entry[] = [];
    const open = new Map<string, Entry>();
    for (const record of this.#pending) {
      const { dataset, copy } = this.#masks.addressOf(this.#masks.words[record]!);
      const name = `${dataset} ${copy}`;
      let entry = open.get(name);
      if (entry === undefined || entry.bytes >= this.#start.entryBytes) {
        entry = { dataset, copy, records: [], bytes: 0 };
        entries.push(entry);
        open.set(name, entry);
      }
      entry.records.push(record);
      entry.bytes += this.#masks.bytesOf(record);
    }
    this.#pending = [];
    this.#pendingBytes = 0;
    return entries;
  }

  #stop(thrown: unknown): void {
    if (!this.#writes) return;
    this.#writes = false;
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    this.#tell({ type: 'unwritable', error });
  }

  #tellFull(place: 'memory' | 'disk'): void {
    if (this.#toldFull) return;
    this.#toldFull = true;
    this.#tell({ type: 'full', place });
  }

  #markStored(key: number): void {
    this.#stored[key >>> 3]! |= 1 << (key & 7);
  }

  #isStored(key: number): boolean {
    return (this.#stored[key >>> 3]! & (1 << (key & 7))) !== 0;
  }
}
