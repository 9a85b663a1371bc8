import type { CacheEvent } from './mask-cache.ts';

/** One line for a log: what happened to the cache, and what follows from it. */
export function cacheEventLine(event: CacheEvent): string {
  switch (event.type) {
    case 'cache-entry':
      return event.error.message;
    case 'cache-off':
      return `Masks are not kept any more, and the batches stay the same: ${event.error.message}`;
    case 'cache-full': {
      const where = event.place === 'disk' ? 'on disk' : 'in memory';
      return `The cache's limit of ${event.limit} bytes is reached ${where}: masks computed from now on are not kept`;
    }
  }
}
