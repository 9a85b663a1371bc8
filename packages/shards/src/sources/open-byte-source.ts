import type { ByteSource } from './byte-source.ts';
import { openFileSource } from './file-source.ts';
import { openHttpSource } from './http-source.ts';

/** Whether a location is a URL of a web server, and not a path. */
export function isUrl(location: string): boolean {
  return /^https?:\/\//i.test(location);
}

/** The location of a file in a folder. */
export function joinLocation(folder: string, path: string): string {
  if (!isUrl(folder)) return folder === '' ? path : `${folder.replace(/\/+$/, '')}/${path}`;
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  // A query, such as a signature, belongs to each file.
  const url = new URL(folder);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${encoded}`;
  return url.href;
}

/**
 * Opens a file by its path, or by its URL on a web server that answers range requests.
 *
 * @throws {ShardError} with code `SHARD_MISSING` if it is not there, `SHARD_READ` if it cannot be read.
 *
 * @example
 * ```ts
 * import { openByteSource } from '@maskloom/shards';
 * const source = await openByteSource('data/sotu/shard-00000.arrow');
 * const magic = new Uint8Array(6);
 * await source.read(0, magic);
 * console.log(new TextDecoder().decode(magic), source.byteLength); // ARROW1 …
 * source.release();
 * ```
 */
export async function openByteSource(location: string): Promise<ByteSource> {
  return isUrl(location) ? openHttpSource(location) : openFileSource(location);
}
