/** @file Where there are no files, there is no cache. */
import { ArgumentError, type VocabTraits } from '@maskloom/core';
import type { Plan } from '../plan.ts';
import type { CacheOptions } from './mask-cache.ts';

/** Refuses. */
export async function openMaskCache(
  _plan: Plan,
  _vocab: VocabTraits,
  _datasets: unknown,
  { directory }: CacheOptions,
): Promise<never> {
  throw new ArgumentError('cache', 'none in a browser, which has no files', directory);
}
