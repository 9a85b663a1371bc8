import type { Manifest, Samples } from '@maskloom/shards';
import type { RowIndex } from '../batching/row-index.ts';
import { longer, longestOutputs } from '../capacity.ts';
import { mixedVocab } from '../check-dataset.ts';
import type { Plan } from '../plan.ts';
import type { LayoutContext } from './layout.ts';
import { defaultLayout } from './layout-spec.ts';

/** A dataset of a plan, with its index for a plan with `rows`. */
export interface IndexedDataset {
  readonly manifest: Manifest;
  readonly samples: Samples;
  readonly index: RowIndex | undefined;
}

/** What layouts are told of a plan and its datasets. */
export async function layoutContextOf(
  plan: Plan,
  datasets: readonly IndexedDataset[],
): Promise<LayoutContext> {
  const capacities = await Promise.all(
    datasets.map(({ manifest, samples }) => longestOutputs(plan, { ...samples, manifest })),
  );
  return {
    vocab: mixedVocab(datasets.map(({ manifest }) => manifest)),
    capacity: capacities.reduce(longer),
    sentenceOrder: plan.strategy.type === 'sentence-order',
    defaultLayout: defaultLayout(plan),
    packed: plan.rows?.type === 'packed',
    samplesPerRow: Math.max(1, ...datasets.map(({ index }) => index?.mostSamples ?? 1)),
  };
}
