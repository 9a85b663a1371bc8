import type { Plan } from '../plan.ts';
import { bucketBatches } from './cut-window.ts';
import { type IndexBytes, type IndexPlan, openIndex, type RowIndex } from './row-index.ts';
import { windowCount } from './windows.ts';

/** What the index of one of a plan's datasets is made for; undefined where rows are samples. */
export function indexPlanOf(
  plan: Pick<Plan, 'rows' | 'batch' | 'last' | 'seed' | 'order' | 'datasets'>,
  dataset: number,
  longest: number,
): IndexPlan | undefined {
  const { rows, batch, last, order } = plan;
  if (rows === undefined) return undefined;
  const { digest, rows: samples } = plan.datasets[dataset]!;
  return { rows, batch, last, order, seed: BigInt(plan.seed), dataset, digest, samples, longest };
}

/** Rows, or batches, of an epoch of each dataset. */
export function unitsOf({ rows, batch, last, datasets }: Plan): readonly number[] {
  if (rows === undefined) return datasets.map((dataset) => dataset.rows);
  if (rows.type !== 'buckets') return rows.units;
  return datasets.map((dataset) => {
    // All windows but the last have whole batches.
    const before = Math.max(0, windowCount(dataset.rows, rows.window) - 1);
    const left = dataset.rows - before * rows.window;
    return before * (rows.window / batch) + bucketBatches(left, batch, last);
  });
}

/** How many of them a step takes. */
export function unitsPerStep({ rows, batch }: Plan): number {
  return rows?.type === 'buckets' || rows?.type === 'tokens' ? 1 : batch;
}

/** The index of one of a plan's datasets in another thread, over its bytes. */
export function openPlannedIndex(
  plan: Plan,
  number: number,
  longest: number,
  bytes: IndexBytes | undefined,
): RowIndex | undefined {
  const indexPlan = indexPlanOf(plan, number, longest);
  return indexPlan === undefined ? undefined : openIndex(indexPlan, bytes!);
}
