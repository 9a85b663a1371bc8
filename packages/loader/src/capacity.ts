import type { Masker, OutputLengths } from '@maskloom/core';
import type { Manifest, ReadySamples, Samples } from '@maskloom/shards';
import { maskerOf } from './masker.ts';
import type { Plan } from './plan.ts';

/**
 * The longest outputs that a plan can make of a dataset's samples, whatever is drawn: tokens of the longest
 * sample, but for span corruption, where every sample is looked at.
 *
 * @throws {ArgumentError} if a sample may have more spans than the plan has sentinels.
 */
export async function longestOutputs(
  plan: Plan,
  dataset: Samples & { readonly manifest: Manifest },
): Promise<OutputLengths> {
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
      most = longer(most, capacityOf(masker, ready ?? dataset, some, rate));
    }
  }
  return most;
}

/** The longest outputs that any of `rows` can give, at a rate. */
export function capacityOf(
  masker: Masker,
  samples: Pick<ReadySamples, 'length' | 'sample'>,
  rows: Iterable<number>,
  rate: number | undefined,
): OutputLengths {
  // Where outputs are as long as the sample, its ids need not be looked at.
  const aligned = masker.strategy.capacity === undefined;
  // A decoder starts from the pad id even where there is nothing to write.
  let longest = { inputs: 0, labels: aligned ? 0 : 1 };
  for (const row of rows) {
    const length = aligned ? samples.length(row) : 0;
    const most = aligned
      ? { inputs: length, labels: length }
      : masker.capacity(samples.sample(row), rate);
    longest = longer(longest, most);
  }
  return longest;
}

function longer(a: OutputLengths, b: OutputLengths): OutputLengths {
  return { inputs: Math.max(a.inputs, b.inputs), labels: Math.max(a.labels, b.labels) };
}
