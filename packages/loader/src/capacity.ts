import type { Masker, OutputLengths } from '@maskloom/core';
import type { Manifest, ReadySamples, Samples } from '@maskloom/shards';
import type { GlobalRow } from './global-batch.ts';
import { maskerOf } from './masker.ts';
import type { Plan } from './plan.ts';

/**
 * The longest outputs that a plan can make of a dataset's samples, whatever is drawn: tokens of the longest
 * sample, or of a packed row, but for span corruption, where every sample is looked at.
 *
 * @throws {ArgumentError} if a sample may have more spans than the plan has sentinels.
 */
export async function longestOutputs(
  plan: Plan,
  dataset: Samples & { readonly manifest: Manifest },
): Promise<OutputLengths> {
  if (plan.rows?.type === 'packed') {
    return { inputs: plan.rows.length, labels: plan.rows.length };
  }
  const { vocab, rows, longest, rowsPerRecordBatch } = dataset.manifest;
  const masker = maskerOf(plan, vocab);
  if (masker.strategy.capacity === undefined) return { inputs: longest, labels: longest };
  // Between its points a schedule's rates are between theirs: inputs are longest at the lowest rate, targets
  // at the highest.
  const rates = plan.rates?.points.map(([, rate]) => rate / 1_000_000) ?? [undefined];
  let most: OutputLengths = { inputs: 0, labels: 1 };
  // Where samples are read by record batch, so are these.
  for (let first = 0; first < rows; first += rowsPerRecordBatch) {
    const some = Array.from(
      { length: Math.min(rowsPerRecordBatch, rows - first) },
      (_, index) => first + index,
    );
    using ready = await dataset.load?.({ rows: some });
    for (const rate of rates) {
      const capacity = capacityOf(
        masker,
        [ready ?? dataset],
        [{ dataset: 0, samples: some }],
        rate,
      );
      most = longer(most, capacity);
    }
  }
  return most;
}

/** The longest outputs that any of `rows` can give, at a rate. */
export function capacityOf(
  masker: Masker,
  datasets: readonly Pick<ReadySamples, 'length' | 'sample'>[],
  rows: Iterable<Omit<GlobalRow, 'epoch'>>,
  rate: number | undefined,
): OutputLengths {
  // Where outputs are as long as the sample, its ids need not be looked at.
  const aligned = masker.strategy.capacity === undefined;
  // A decoder starts from the pad id even where there is nothing to write.
  let longest = { inputs: 0, labels: aligned ? 0 : 1 };
  for (const { dataset, samples } of rows) {
    const from = datasets[dataset]!;
    let length = 0;
    for (const sample of samples) {
      if (aligned) length += from.length(sample);
      else longest = longer(longest, masker.capacity(from.sample(sample), rate));
    }
    longest = longer(longest, { inputs: length, labels: length });
  }
  return longest;
}

/** The longer of both. */
export function longer(a: OutputLengths, b: OutputLengths): OutputLengths {
  return { inputs: Math.max(a.inputs, b.inputs), labels: Math.max(a.labels, b.labels) };
}
