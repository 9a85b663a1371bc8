import { ShardError } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';

/** Refuses: a browser has no files. */
export function openFileSource(path: string): ByteSource {
  throw new ShardError('SHARD_READ', path, 'a URL in a browser', 'a path');
}
