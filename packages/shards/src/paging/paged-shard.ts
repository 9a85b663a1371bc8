import type { ShardBytes } from '../samples.ts';

/** A shard that is not in memory: what a thread needs to read it. Plain data, to be posted to threads. */
export interface PagedShard {
  /** Its path or URL. */
  readonly location: string;
  /** What threads learn of its rows, shared by all; undefined if the memory budget has no room for it. */
  readonly index: ShardBytes | undefined;
}

/** A shard that was opened: its bytes in memory, or what it takes to read them. */
export type OpenShard = ShardBytes | PagedShard;

export function isPaged(shard: OpenShard): shard is PagedShard {
  return 'location' in shard;
}
