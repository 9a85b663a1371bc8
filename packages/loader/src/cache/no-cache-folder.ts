/** @file Where there are no files, there is no cache. */
import { ArgumentError } from '@maskloom/core';

function refuse(directory: unknown): never {
  throw new ArgumentError('cache', 'none in a browser, which has no files', directory);
}

export {
  refuse as listCacheFiles,
  refuse as readCacheEntry,
  refuse as readCacheHeader,
  refuse as removeCacheFile,
  refuse as shrinkCache,
};
