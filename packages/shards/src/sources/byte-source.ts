/** Where the bytes of a file are, read by range: a file, or what a web server has. */
export interface ByteSource {
  /** Path or URL, for messages. */
  readonly location: string;
  /** Bytes of the whole file. */
  readonly byteLength: number;
  /**
   * Fills `into` with the bytes from `start`.
   *
   * @throws {ShardError} naming the location, what was expected and what was found.
   */
  read(start: number, into: Uint8Array): Promise<void>;
  /** The same at once, where that is faster: from a file. */
  readonly readSync?: (start: number, into: Uint8Array) => void;
  /** Closes what is open. A later read opens it again. */
  release(): void;
}

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
  // Imported here so that a browser, which has no files, can do without them.
  if (!isUrl(location)) return (await import('./file-source.ts')).openFileSource(location);
  return (await import('./http-source.ts')).openHttpSource(location);
}
