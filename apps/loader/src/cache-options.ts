import { ArgumentError } from '@maskloom/core';
import type { CacheOptions } from '@maskloom/loader';
import type { Command } from 'commander';
import { memory } from './options.ts';

/** What the command line says of the cache of masks. */
export interface CacheCommandOptions {
  readonly cache?: string;
  readonly cacheSize?: number;
}

/** Adds the options of the cache of masks to a command. */
export function addCacheOptions(command: Command): Command {
  return command
    .option('--cache <folder>', 'keep the masks of a plan in static mode there (default: none)')
    .option(
      '--cache-size <size>',
      'most bytes that the cache may take, such as 512M (default: 1G)',
      memory,
    );
}

/** The loader's option for what the command line says. */
export function cacheOf({ cache, cacheSize }: CacheCommandOptions): { cache?: CacheOptions } {
  if (cache === undefined) {
    if (cacheSize === undefined) return {};
    throw new ArgumentError('--cache-size', 'a folder with --cache', cacheSize);
  }
  return {
    cache: { directory: cache, ...(cacheSize === undefined ? {} : { limit: cacheSize }) },
  };
}
