import {
  ArgumentError,
  createMasker,
  maskEpoch,
  strategyFromPlan,
  toMode,
  toUint64,
} from '@maskloom/core';
import { checkDataset, type Plan, rateOf } from '@maskloom/loader';
import type { Dataset } from '@maskloom/shards';
import { Datasets } from '../../datasets.ts';
import type { PreviewOptions } from './preview-options.ts';
import { aligned, corrupted, linesOf } from './shown-sample.ts';
import { tokenizerOf } from './tokenizer-of.ts';

/** Prints a sample as epochs mask it. */
export async function previewSample(plan: Plan, options: PreviewOptions): Promise<void> {
  if (options.copies !== undefined && options.mode !== 'static') {
    throw new ArgumentError('copies', 'none without --mode static', options.copies);
  }
  const datasets = await new Datasets(options.data, options.memory).all();
  const { dataset, sample, row } = find(plan, datasets, options.sample);
  const tokenizer = await tokenizerOf(options.tokenizer, dataset);
  using loaded = await dataset.load?.({ rows: [row] });
  const ready = loaded ?? dataset;
  const ids = ready.sample(row);
  const segment = ready.segment(row);
  const units = ready.units(row);
  const mode = toMode(options.mode === undefined ? plan : options);
  const masker = createMasker({
    vocab: dataset.manifest.vocab,
    seed: BigInt(plan.seed),
    strategy: strategyFromPlan(plan.strategy),
    ...mode,
  });
  const { maskId } = dataset.manifest.vocab;
  const epochs = Array.from({ length: options.epochs }, (_, index) => {
    const epoch = options.epoch + index;
    // Over steps, a sample's rate is known by its batch only: this shows the epoch's first.
    const rate = mode.mode === 'static' ? undefined : rateOf(plan, epoch, 0);
    const masked = masker.mask(ids, { epoch, sample, segment, units, rate });
    const shown =
      plan.strategy.type === 'span-corruption'
        ? corrupted(masked, tokenizer)
        : aligned(masked, tokenizer, maskId);
    return { epoch, maskEpoch: maskEpoch(mode, epoch), ...shown };
  });
  if (options.json) console.log(JSON.stringify({ sample: String(sample), ...mode, epochs }));
  else for (const { epoch, ...shown } of epochs) console.log(linesOf(`epoch ${epoch}`, shown));
}

/** Where a sample is: in which dataset, and in which row of it. */
function find(
  plan: Plan,
  datasets: readonly Dataset[],
  given: bigint,
): { dataset: Dataset; sample: bigint; row: number } {
  const sample = toUint64('sample', given);
  const ranges: string[] = [];
  for (const dataset of datasets) {
    const number = plan.datasets.findIndex(({ digest }) => digest === dataset.digest);
    checkDataset(plan, dataset, Math.max(0, number));
    const { base, rows } = plan.datasets[number]!;
    const row = Number(sample - BigInt(base));
    if (row >= 0 && row < rows) return { dataset, sample, row };
    ranges.push(`${base} to ${BigInt(base) + BigInt(rows) - 1n}`);
  }
  throw new ArgumentError('sample', `an id from ${ranges.join(' or ')}`, String(sample));
}
