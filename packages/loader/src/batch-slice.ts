import { requirementsOf } from '@maskloom/core';
import type { ReadySamples } from '@maskloom/shards';
import type { GlobalBatch } from './global-batch.ts';
import type { BatchSlice, SliceSample } from './layouts/layout.ts';
import type { Plan } from './plan.ts';

/** What of a slice its samples make up. */
type SliceRows = Pick<BatchSlice, 'samples' | 'starts'> & { readonly tokens: number };

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

const noIds = new Uint16Array(0);

/** Finds the samples of slices of global batches; what it returns holds until the next. */
export function batchSlices(
  plan: Plan,
): (batch: GlobalBatch, ready: readonly ReadySamples[]) => SliceRows {
  const needs = requirementsOf(plan.strategy);
  const bases = plan.datasets.map(({ base }) => BigInt(base));
  // Numbers cost no allocation.
  const numbers = plan.datasets.every(
    ({ rows }, dataset) => bases[dataset]! + BigInt(rows) <= Number.MAX_SAFE_INTEGER,
  )
    ? bases.map(Number)
    : undefined;
  // Used again: a slice has many.
  const kept: Writable<SliceSample>[] = [];

  return ({ starts, samples, datasets, epochs, first, end }, ready) => {
    const firstSample = starts[first]!;
    const count = starts[end]! - firstSample;
    while (kept.length < count) {
      kept.push({ sample: 0, epoch: 0, ids: noIds, segment: undefined, units: undefined });
    }
    let tokens = 0;
    for (let index = 0; index < count; index++) {
      const row = samples[firstSample + index]!;
      const dataset = datasets[firstSample + index]!;
      const from = ready[dataset]!;
      const own = kept[index]!;
      own.sample = numbers === undefined ? bases[dataset]! + BigInt(row) : numbers[dataset]! + row;
      own.epoch = epochs[firstSample + index]!;
      own.ids = from.sample(row);
      if (needs.segment) own.segment = from.segment(row);
      if (needs.units) own.units = from.units(row);
      tokens += own.ids.length;
    }
    const own = kept.slice(0, count);
    fetchAll(own);
    return {
      samples: own,
      starts: starts.slice(first, end + 1).map((start) => start - firstSample),
      tokens,
    };
  };
}

/** Ids that a processor fetches at a time, if they take 16 bits; and of a sample, before it is masked. */
const [idsOfLine, idsFetched] = [32, 128];
/** Keeps what is read from being left out as of no use. */
const seen = { ids: 0 };

/**
 * Reads the beginning of every sample. Each lies at a random place of its shard, which takes longer to come from memory than
 * to mask; but a processor waits for many of them in the time of one. The rest of a long one it fetches by itself.
 */
function fetchAll(samples: readonly SliceSample[]): void {
  let sum = 0;
  for (let index = 0; index < samples.length; index++) {
    const { ids } = samples[index]!;
    const end = Math.min(ids.length, idsFetched);
    for (let at = 0; at < end; at += idsOfLine) sum += ids[at]!;
  }
  seen.ids = sum;
}
