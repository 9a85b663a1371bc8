import { ArgumentError } from '@maskloom/core';
import type { CacheOptions, Plan } from '@maskloom/loader';

/** What the command line says of the cache of masks. */
export interface CacheCommandOptions {
  readonly cache?: string;
  readonly cacheSize?: number;
}

/** How every command that masks names and describes the folder of its cache. */
export const cacheOption = [
  '--cache <folder>',
  'keep the masks of a plan in static mode there (default: they are computed each time)',
] as const;

/** The same of its size. */
export const cacheSizeOption = [
  '--cache-size <size>',
  'most bytes that the cache may take, such as 512M (default: 1G)',
] as const;

/** The loader's option for what the command line says; of a run in stages, for those in static mode. */
export function cacheOf(
  { cache, cacheSize }: CacheCommandOptions,
  stage?: Plan,
): { cache?: CacheOptions } {
  if (cache === undefined) {
    if (cacheSize === undefined) return {};
    throw new ArgumentError('--cache-size', 'a folder with --cache', cacheSize);
  }
  if (stage?.mode === 'dynamic') return {};
  return {
    cache: { directory: cache, ...(cacheSize === undefined ? {} : { limit: cacheSize }) },
  };
}
