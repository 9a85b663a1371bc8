import type { StrategyPlan, VocabTraits } from '@maskloom/core';
import type { Json } from '@maskloom/shards';
import { jsonId } from '../json-id.ts';
import type { Plan } from '../plan.ts';

/**
 * All that the masks of a dataset depend on: the parts of a plan that matter, so that plans which differ in order,
 * batch or last share them. The number of copies is not among them: copy j is dynamic epoch j, however many there are.
 */
export interface CacheParts {
  readonly version: 1;
  readonly dataset: {
    /** The dataset digest, hexadecimal. */
    readonly digest: string;
    /** Sample id of its first row: decimal digits. */
    readonly base: string;
  };
  /** SHA-256 of the vocab traits' canonical JSON, hexadecimal. */
  readonly vocab: string;
  readonly strategy: StrategyPlan;
  /** Decimal digits of 0 to 2^64-1. */
  readonly seed: string;
}

/** The parts for each dataset of a plan. */
export function cachePartsOf(plan: Plan, vocab: VocabTraits): CacheParts[] {
  const { datasets, strategy, seed } = plan;
  return datasets.map(({ digest, base }) => ({
    version: 1,
    dataset: { digest, base },
    vocab: jsonId(vocab as unknown as Json),
    strategy,
    seed,
  }));
}

/** What the masks for some parts are found by: SHA-256 of their canonical JSON, hexadecimal. */
export function cacheId(parts: CacheParts): string {
  return jsonId(parts as unknown as Json);
}
