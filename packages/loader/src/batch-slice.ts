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
    return {
      samples: kept.slice(0, count),
      starts: starts.slice(first, end + 1).map((start) => start - firstSample),
      tokens,
    };
  };
}
