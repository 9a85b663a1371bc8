/**
 * @file The folder of the cache: `<cache id>/<copy>-<SHA-256 of the file>.arrow`. An entry is never changed, so that
 * processes may read, write and remove entries side by side: two that write the same one write the same bytes, and
 * whoever finds one gone computes again.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256, toHex } from '@maskloom/shards';
import { CacheEntryError } from '../errors.ts';
import { type EntryHeader, headerAtEnd } from './entry-file.ts';

/** A file of the cache. */
export interface CacheFile {
  readonly path: string;
  /** Names the plan parts that it is of: the folder it is in. */
  readonly id: string;
  readonly bytes: number;
  /** When it was last written, or read into memory: milliseconds since 1970. */
  readonly used: number;
}

/** An entry by its name. */
export interface CacheEntryFile extends CacheFile {
  readonly copy: number;
  /** SHA-256 of its bytes, hexadecimal. */
  readonly sha256: string;
}

/** What there is in a cache's folder. */
export interface CacheFiles {
  /** By id, then by name. */
  readonly entries: readonly CacheEntryFile[];
  /** What processes are writing, or left when they were killed. */
  readonly unfinished: readonly CacheFile[];
}

/** Milliseconds after which an unfinished file is nobody's any more. */
const abandonedAfter = 3_600_000;

/**
 * The files of a cache; of certain ids only, if they are given. A folder that is not there has none.
 *
 * @param known paths to leave out
 */
export async function listCacheFiles(
  directory: string,
  ids?: Iterable<string>,
  known?: ReadonlySet<string>,
): Promise<CacheFiles> {
  const folders = ids === undefined ? await namesIn(directory) : [...ids];
  const entries: CacheEntryFile[] = [];
  const unfinished: CacheFile[] = [];
  for (const id of folders.filter((name) => /^[0-9a-f]{64}$/.test(name)).sort()) {
    for (const name of (await namesIn(join(directory, id))).sort()) {
      const [, copy, digest] = /^([0-9]{1,10})-([0-9a-f]{64})\.arrow$/.exec(name) ?? [];
      if (digest === undefined && !name.endsWith('.tmp')) continue;
      const path = join(directory, id, name);
      if (known?.has(path) === true) continue;
      const found = await stat(path).catch(absent);
      if (found === undefined) continue;
      const file = { path, id, bytes: found.size, used: found.mtimeMs };
      if (digest === undefined) unfinished.push(file);
      else entries.push({ ...file, copy: Number(copy), sha256: digest });
    }
  }
  return { entries, unfinished };
}

async function namesIn(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(absent)) ?? [];
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function present(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/**
 * The bytes of an entry, checked against its name; undefined if it is gone.
 *
 * @throws {CacheEntryError} if they are not those that were written.
 */
export async function readCacheEntry(
  entry: Pick<CacheEntryFile, 'path' | 'sha256'>,
): Promise<Uint8Array | undefined> {
  const expected = `SHA-256 ${entry.sha256}`;
  let bytes: Uint8Array | undefined;
  try {
    bytes = await readFile(entry.path).catch(absent);
  } catch (cause) {
    throw new CacheEntryError(entry.path, expected, String(cause), { cause });
  }
  if (bytes === undefined) return undefined;
  const actual = toHex(sha256(bytes));
  if (actual === entry.sha256) return bytes;
  throw new CacheEntryError(entry.path, expected, `${bytes.length} bytes with SHA-256 ${actual}`);
}

/** What an entry says that it is of, unchecked, from its end alone; undefined if it is gone or does not say. */
export async function readCacheHeader({
  path,
  bytes,
}: Pick<CacheFile, 'path' | 'bytes'>): Promise<EntryHeader | undefined> {
  const file = await open(path).catch(absent);
  try {
    const end = new Uint8Array(Math.min(bytes, 65_536));
    await file?.read(end, 0, end.length, bytes - end.length);
    return headerAtEnd(end);
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}

/** Writes an entry whole or not at all; it is on disk when this resolves. Returns its path. */
export async function writeCacheEntry(
  directory: string,
  id: string,
  copy: number,
  bytes: Uint8Array,
): Promise<string> {
  const folder = join(directory, id);
  const path = join(folder, `${copy}-${toHex(sha256(bytes))}.arrow`);
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  for (let attempt = 1; ; attempt++) {
    try {
      await mkdir(directory, { recursive: true });
      await mkdir(folder).catch(present);
      await writeSynced(temporary, bytes);
      await rename(temporary, path);
      break;
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      // Somebody removed the folder meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 10) throw error;
    }
  }
  // The name is on disk once its folder is; not every system lets folders be opened for that.
  const opened = await open(folder).catch(() => undefined);
  await opened?.sync().catch(() => {});
  await opened?.close();
  return path;
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Notes that an entry was used now. */
export async function touchCacheEntry(path: string): Promise<void> {
  const now = new Date();
  // Of a folder that can't be written to nothing is removed either.
  await utimes(path, now, now).catch(() => {});
}

/**
 * Removes the entries that were used longest ago until the cache takes at most so many bytes, and what was left
 * unfinished. Returns the files that it removed, and how many bytes the cache takes then.
 *
 * @param keep ids of which nothing is removed
 */
export async function shrinkCache(
  directory: string,
  limit: number,
  keep: ReadonlySet<string> = new Set(),
): Promise<{ readonly removed: readonly CacheFile[]; readonly bytes: number }> {
  const { entries, unfinished } = await listCacheFiles(directory);
  const abandoned = unfinished.filter(({ used }) => used < Date.now() - abandonedAfter);
  const removed: CacheFile[] = [...abandoned];
  let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  for (const entry of [...entries].sort((a, b) => a.used - b.used)) {
    if (bytes <= limit) break;
    if (keep.has(entry.id)) continue;
    removed.push(entry);
    bytes -= entry.bytes;
  }
  for (const { path } of removed) await rm(path, { force: true });
  return { removed, bytes };
}

/** Removes a file of the cache, if it is still there. */
export async function removeCacheFile(path: string): Promise<void> {
  await rm(path, { force: true });
}
