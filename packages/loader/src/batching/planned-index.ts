import type { Manifest, Samples } from '@maskloom/shards';
import { keepIndex } from '#index-folder';
import { PlanError } from '../errors.ts';
import type { Plan } from '../plan.ts';
import { indexPlanOf, unitsOf } from './index-plan.ts';
import { buildIndex, type RowIndex, unitsIn } from './row-index.ts';
import { sampleLengths } from './sample-lengths.ts';

/**
 * The index of one of a plan's datasets, from a folder where it was kept, or built and kept there; undefined for a
 * plan without `rows`.
 *
 * @throws {PlanError} with code `PLAN_DATASET` if it does not come to what the plan says.
 */
export async function plannedIndex(
  plan: Plan,
  number: number,
  dataset: Pick<Samples, 'length' | 'load'> & { readonly manifest: Manifest },
  folder: string | undefined,
): Promise<RowIndex | undefined> {
  const indexPlan = indexPlanOf(plan, number, dataset.manifest.longest);
  if (indexPlan === undefined) return undefined;
  const build = async () => buildIndex(indexPlan, await sampleLengths(dataset));
  const index = folder === undefined ? await build() : await keepIndex(folder, indexPlan, build);
  const expected = unitsOf(plan)[number]!;
  const found = unitsIn(index);
  if (found !== expected) {
    throw new PlanError(
      'PLAN_DATASET',
      `The plan counts ${expected} rows or batches of dataset ${number}, its lengths give ${found}: make the plan again with \`maskloom plan\``,
    );
  }
  return index;
}
