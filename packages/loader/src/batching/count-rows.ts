import { ArgumentError } from '@maskloom/core';
import type { Plan, PlannedDataset } from '../plan.ts';
import { indexPlanOf } from './index-plan.ts';
import { buildIndex, unitsIn } from './row-index.ts';
import { checkRows, defaultWindow, type RowsOptions, type RowsPlan } from './rows-plan.ts';

/**
 * Fills in what a plan's rows come to, by the lengths of the samples.
 *
 * @throws {ArgumentError} if a sample does not fit a row, or a batch.
 */
export function countRows(
  plan: Omit<Plan, 'rows'>,
  options: RowsOptions,
  datasets: readonly PlannedDataset[],
): RowsPlan {
  const { window = windowOf(plan) } = options;
  const given = { ...options, window, units: datasets.map(() => 0) };
  const rows = checkRows(given, plan.batch, datasets.length);
  if (rows.type === 'buckets') return rows;
  const units = datasets.map((dataset, number) => {
    const { length, manifest } = dataset;
    if (length === undefined || manifest === undefined) {
      throw new ArgumentError('dataset', 'an open one, whose lengths can be asked for', 'a digest');
    }
    const [name, most] =
      rows.type === 'packed' ? (['length', rows.length] as const) : (['max', rows.max] as const);
    if (!(manifest.longest <= most)) {
      throw new ArgumentError(
        `rows.${name}`,
        `at least ${manifest.longest}, the tokens of the longest sample`,
        most,
      );
    }
    const index = indexPlanOf({ ...plan, rows }, number, manifest.longest);
    return unitsIn(buildIndex(index!, length));
  });
  return { ...rows, units };
}

function windowOf({ order, batch }: Omit<Plan, 'rows'>): number {
  return typeof order === 'object' ? order.rows : defaultWindow(batch);
}
