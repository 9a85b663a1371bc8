import type { Masker, OutputLengths } from '@maskloom/core';
import type { Manifest, ReadySamples, Samples } from '@maskloom/shards';
import type { GlobalRows } from './global-batch.ts';
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
        { starts: [0, some.length], samples: some, datasets: some.map(() => 0) },
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
  { starts, samples, datasets: numbers }: Omit<GlobalRows, 'epochs'>,
  rate: number | undefined,
): OutputLengths {
  // Where outputs are as long as the sample, its ids need not be looked at.
  if (masker.strategy.capacity === undefined) {
    return longest(starts, (index) => datasets[numbers[index]!]!.length(samples[index]!));
  }
  // A decoder starts from the pad id even where there is nothing to write.
  let most = { inputs: 0, labels: 1 };
  for (const [index, sample] of samples.entries()) {
    const ids = datasets[numbers[index]!]!.sample(sample);
    most = longer(most, masker.capacity(ids, rate));
  }
  return most;
}

/** The same for rows whose samples are at hand, where outputs are as long as the sample. */
export function longestRow(
  samples: readonly { readonly ids: ArrayLike<number> }[],
  starts: readonly number[],
): OutputLengths {
  return longest(starts, (index) => samples[index]!.ids.length);
}

/** The length of the longest row, from those of its samples. */
function longest(starts: readonly number[], lengthAt: (index: number) => number): OutputLengths {
  let most = 0;
  for (let row = 0; row + 1 < starts.length; row++) {
    let length = 0;
    for (let index = starts[row]!; index < starts[row + 1]!; index++) length += lengthAt(index);
    if (length > most) most = length;
  }
  return { inputs: most, labels: most };
}

/** The longer of both. */
export function longer(a: OutputLengths, b: OutputLengths): OutputLengths {
  return { inputs: Math.max(a.inputs, b.inputs), labels: Math.max(a.labels, b.labels) };
}
