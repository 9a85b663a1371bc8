import type { Dataset } from '@maskloom/shards';
import type { RowIndex } from '../batching/row-index.ts';
import { longer, longestOutputs } from '../capacity.ts';
import { mixedVocab } from '../check-dataset.ts';
import type { Plan } from '../plan.ts';
import type { LayoutContext } from './layout.ts';
import { defaultLayout } from './layout-spec.ts';

/** A dataset of a plan, with its index for a plan with `rows`. */
export interface IndexedDataset {
  readonly samples: Pick<Dataset, 'manifest' | 'length' | 'sample'>;
  readonly index: RowIndex | undefined;
}

/** What layouts are told of a plan and its datasets. */
export function layoutContextOf(plan: Plan, datasets: readonly IndexedDataset[]): LayoutContext {
  return {
    vocab: mixedVocab(datasets.map(({ samples }) => samples.manifest)),
    capacity: datasets.map(({ samples }) => longestOutputs(plan, samples)).reduce(longer),
    sentenceOrder: plan.strategy.type === 'sentence-order',
    defaultLayout: defaultLayout(plan),
    packed: plan.rows?.type === 'packed',
    samplesPerRow: Math.max(1, ...datasets.map(({ index }) => index?.mostSamples ?? 1)),
  };
}
