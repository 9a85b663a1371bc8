import { ShardError } from '../errors.ts';
import type { ShardEntry } from '../manifest.ts';
import type { ByteSource } from './byte-source.ts';
import { openByteSource } from './open-byte-source.ts';

/** Opens a shard, if it is as large as the manifest says. */
export async function openShard(location: string, { bytes }: ShardEntry): Promise<ByteSource> {
  const source = await openByteSource(location);
  if (source.byteLength === bytes) return source;
  source.release();
  const found = `${source.byteLength} bytes`;
  throw new ShardError('SHARD_SIZE', location, `${bytes} bytes`, found);
}
