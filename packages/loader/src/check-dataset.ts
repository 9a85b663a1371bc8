import { requirementsOf, type VocabTraits } from '@maskloom/core';
import { canonicalJson, type Dataset, type Json, type Manifest } from '@maskloom/shards';
import { PlanError } from './errors.ts';
import type { Plan } from './plan.ts';

/**
 * Checks that datasets are those a plan names, in its order, and made with the same tokenizer.
 *
 * @throws {PlanError} with code `PLAN_DATASET`.
 */
export function checkDatasets(plan: Plan, datasets: readonly Dataset[]): void {
  if (datasets.length !== plan.datasets.length) {
    throw new PlanError(
      'PLAN_DATASET',
      `The plan names ${plan.datasets.length} datasets, ${datasets.length} were given: give those it was made for, in its order`,
    );
  }
  for (const [number, dataset] of datasets.entries()) checkDataset(plan, dataset, number);
  const [first, ...others] = datasets;
  for (const other of others) {
    if (other.manifest.tokenizer === first!.manifest.tokenizer) continue;
    throw new PlanError(
      'PLAN_DATASET',
      `${other.directory} was encoded with tokenizer ${other.manifest.tokenizer}, ${first!.directory} with ${first!.manifest.tokenizer}: encode datasets that are mixed with the same tokenizer`,
    );
  }
  mixedVocab(datasets.map((dataset) => dataset.manifest));
}

/**
 * The vocab traits of datasets that are mixed: the same for all, but for counts, which are added up.
 *
 * @throws {PlanError} with code `PLAN_DATASET` if they differ.
 */
export function mixedVocab(manifests: readonly Pick<Manifest, 'vocab'>[]): VocabTraits {
  const [first, ...others] = manifests.map(({ vocab }) => vocab);
  if (others.length === 0) return first!;
  const { counts: _, ...traits } = first!;
  for (const { counts: _, ...other } of others) {
    if (canonicalJson(other as unknown as Json) === canonicalJson(traits as unknown as Json)) {
      continue;
    }
    throw new PlanError(
      'PLAN_DATASET',
      'The datasets have different vocab traits: encode datasets that are mixed with the same tokenizer',
    );
  }
  const counts = manifests.map(({ vocab }) => vocab.counts);
  if (counts.includes(undefined)) return traits;
  const sums = first!.counts!.map((_, id) => counts.reduce((sum, own) => sum + own![id]!, 0));
  return { ...traits, counts: sums };
}

/**
 * Checks that a dataset is the one a plan names, and has the columns that its objective needs.
 *
 * @param number which of the plan's datasets
 * @throws {PlanError} with code `PLAN_DATASET`.
 */
export function checkDataset(plan: Plan, dataset: Dataset, number = 0): void {
  const named = plan.datasets[number]!;
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
