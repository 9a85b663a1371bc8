import { requirementsOf } from '@maskloom/core';
import type { Dataset } from '@maskloom/shards';
import { PlanError } from './errors.ts';
import type { Plan } from './plan.ts';

/**
 * Checks that a dataset is the one a plan names, and has the columns that its objective needs.
 *
 * @throws {PlanError} with code `PLAN_DATASET`.
 */
export function checkDataset(plan: Plan, dataset: Dataset): void {
  const [named] = plan.datasets;
  const { directory, digest, rows, manifest } = dataset;
  if (named.digest !== digest || named.rows !== rows) {
    throw new PlanError(
      'PLAN_DATASET',
      `The plan names dataset ${named.digest} of ${named.rows} rows, ${directory} is ${digest} of ${rows} rows: give the dataset the plan was made for, or make a new plan`,
    );
  }
  const needs = requirementsOf(plan.strategy);
  if (needs.segment && !manifest.columns.includes('segment')) {
    throw new PlanError(
      'PLAN_DATASET',
      `The plan asks for sentence order, but ${directory} has no column "segment": encode the text in pairs (\`maskloom encode --pairs\`)`,
    );
  }
  if (needs.units && !manifest.columns.includes('units')) {
    throw new PlanError(
      'PLAN_DATASET',
      `The plan hides the units of a column, but ${directory} has no column "units": encode the text with it (\`maskloom encode --units\`), or write it with createDatasetWriter`,
    );
  }
  if (needs.counts && manifest.vocab.counts === undefined) {
    throw new PlanError(
      'PLAN_DATASET',
      `The plan draws random words from the unigram distribution, but ${directory} has no counts: encode the text with them (\`maskloom encode --counts\`), or draw uniformly`,
    );
  }
}
