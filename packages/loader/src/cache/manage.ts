/** @file What `maskloom cache` does. Files are imported where they are used: the package also loads without. */
import { CacheEntryError } from '../errors.ts';
import type { CacheParts } from './cache-parts.ts';

/** The entries of a cache that hold the masks for the same plan parts. */
export interface CacheFamily {
  /** SHA-256 of the parts, hexadecimal: the entries' folder. */
  readonly id: string;
  /** What the masks are of; undefined if no entry says so. */
  readonly parts: CacheParts | undefined;
  /** The copies that there are masks of, ascending. */
  readonly copies: readonly number[];
  readonly entries: number;
  /** Samples with masks, counted in each copy. */
  readonly samples: number;
  readonly bytes: number;
  /** When an entry was last written or read into memory: milliseconds since 1970. */
  readonly used: number;
}

/**
 * What there is in a cache, by plan parts; entries that can't be read count with 0 samples.
 *
 * @example
 * ```ts
 * import { listCache } from '@maskloom/loader';
 * for (const { parts, bytes } of await listCache('cache')) console.log(parts?.strategy.type, bytes);
 * ```
 */
export async function listCache(directory: string): Promise<CacheFamily[]> {
  const { listCacheFiles, readCacheHeader } = await import('#cache-folder');
  const { entries } = await listCacheFiles(directory);
  const families = new Map<string, { -readonly [Key in keyof CacheFamily]: CacheFamily[Key] }>();
  for (const entry of entries) {
    const { id, copy, bytes, used } = entry;
    const header = await readCacheHeader(entry);
    const none = { id, parts: undefined, copies: [], entries: 0, samples: 0, bytes: 0, used: 0 };
    const family = families.get(id) ?? none;
    families.set(id, {
      id,
      parts: family.parts ?? header?.parts,
      copies: [...new Set([...family.copies, copy])].sort((a, b) => a - b),
      entries: family.entries + 1,
      samples: family.samples + (header?.samples ?? 0),
      bytes: family.bytes + bytes,
      used: Math.max(family.used, used),
    });
  }
  return [...families.values()];
}

/** Reads every entry of a cache; returns how many are whole, and what is wrong with the others. */
export async function verifyCache(
  directory: string,
): Promise<{ readonly whole: number; readonly bytes: number; readonly torn: CacheEntryError[] }> {
  const { listCacheFiles, readCacheEntry } = await import('#cache-folder');
  const { entries } = await listCacheFiles(directory);
  const torn: CacheEntryError[] = [];
  let whole = 0;
  let size = 0;
  for (const entry of entries) {
    try {
      const bytes = await readCacheEntry(entry);
      if (bytes === undefined) continue;
      whole++;
      size += bytes.length;
    } catch (error) {
      if (!(error instanceof CacheEntryError)) throw error;
      torn.push(error);
    }
  }
  return { whole, bytes: size, torn };
}

/** What {@linkcode pruneCache} did. */
export interface PrunedCache {
  /** Entries that were torn or altered. */
  readonly torn: number;
  /** Files that writing had left unfinished an hour ago or more. */
  readonly unfinished: number;
  /** Whole entries, those used longest ago. */
  readonly entries: number;
  readonly removedBytes: number;
  /** Bytes that the cache takes now. */
  readonly bytes: number;
}

/**
 * Removes from a cache what is torn or unfinished, and, given a limit, the entries used longest ago until it takes at
 * most so many bytes. Loaders that use it go on: they have what they read in memory, and compute the rest.
 */
export async function pruneCache(directory: string, limit?: number): Promise<PrunedCache> {
  const { removeCacheFile, shrinkCache } = await import('#cache-folder');
  const { torn } = await verifyCache(directory);
  for (const { path } of torn) await removeCacheFile(path);
  const { removed, bytes } = await shrinkCache(directory, limit ?? Number.POSITIVE_INFINITY);
  const entries = removed.filter(({ path }) => path.endsWith('.arrow')).length;
  const removedBytes = removed.reduce((sum, file) => sum + file.bytes, 0);
  return { torn: torn.length, unfinished: removed.length - entries, entries, removedBytes, bytes };
}
