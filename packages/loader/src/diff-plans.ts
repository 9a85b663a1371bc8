import type { Json } from '@maskloom/shards';
import { type Difference, differencesOf } from './json-differences.ts';
import type { Plan } from './plan.ts';
import type { Stages } from './stages/stages.ts';

/**
 * Where two plans, or the stages of two runs, differ: each field by its path, with both values; none where both
 * have the same id.
 *
 * @example
 * ```ts
 * import { tokenMasking } from '@maskloom/core';
 * import { createPlan, diffPlans } from '@maskloom/loader';
 * const dataset = { digest: 'ab'.repeat(32), rows: 1000 };
 * const strategy = tokenMasking({ rate: 0.15 });
 * const left = createPlan({ dataset, strategy, seed: 42n, batch: 32 });
 * const right = createPlan({ dataset, strategy, seed: 43n, batch: 32 });
 * console.log(diffPlans(left, right)); // [{ path: 'seed', left: '42', right: '43' }]
 * ```
 */
export function diffPlans(left: Plan | Stages, right: Plan | Stages): readonly Difference[] {
  return differencesOf(left as unknown as Json, right as unknown as Json);
}
