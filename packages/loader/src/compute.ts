import { type Masker, type OutputLengths, requirementsOf } from '@maskloom/core';
import type { Manifest, ReadySamples, Samples } from '@maskloom/shards';
import type { RowIndex } from './batching/row-index.ts';
import type { MaskMemory } from './cache/mask-memory.ts';
import { remembering } from './cache/remembering-masker.ts';
import { capacityOf } from './capacity.ts';
import { concatenate } from './concatenate.ts';
import { sampleDigest } from './digest.ts';
import {
  type BatchAddress,
  type GlobalBatch,
  type GlobalRow,
  globalBatches,
} from './global-batch.ts';
import type { LayoutContext, OnSample, SliceSample } from './layouts/layout.ts';
import { type LayoutSpec, layoutOf } from './layouts/layout-spec.ts';
import { maskerOf } from './masker.ts';
import { nextSteps } from './next-step.ts';
import { type Plan, rateOf, stepsPerEpoch } from './plan.ts';
import { type Slot, type SlotContents, SlotWriter } from './slot.ts';

/** One batch to compute, and the slot to write it to. */
export interface BatchTask {
  readonly address: Required<BatchAddress>;
  /** Without one, the plan's own. */
  readonly layout: LayoutSpec | undefined;
  readonly slot: Slot;
  /** Whether to compute the sample digests as well. */
  readonly digest: boolean;
}

/** A computed batch. */
export interface BatchResult {
  /** Rows of the slice: in some layouts, those of the record batch are others. */
  readonly rows: number;
  readonly contents: SlotContents;
  /** The longest outputs that the global batch's samples can give. */
  readonly capacity: OutputLengths;
  /** 32 bytes a sample, if they were asked for. */
  readonly digests: Uint8Array | undefined;
  /** Tokens of the slice's samples, without padding, and how many of them were selected. */
  readonly tokens: number;
  readonly selected: number;
  /** When it began, in milliseconds since 1970, and how long it took. */
  readonly started: number;
  readonly computed: number;
}

/** A dataset of a plan, as computing takes it. */
export interface ComputeDataset {
  readonly manifest: Pick<Manifest, 'shards'>;
  readonly samples: Samples;
  /** For a plan with `rows`. */
  readonly index: RowIndex | undefined;
}

/** Computes a batch; a masker whose kernel works in the slot's own memory spares a copy. */
export type Compute = (task: BatchTask, masker?: Masker) => BatchResult | Promise<BatchResult>;

/**
 * The pure function at the loader's heart: `batch(plan, epoch, step)`, written into a slot. Every
 * thread has one of these over the same shared shards; in static mode, over the same masks as well.
 */
export function createCompute(
  plan: Plan,
  context: LayoutContext,
  datasets: readonly ComputeDataset[],
  masks?: MaskMemory,
): Compute {
  const remember = remembering(masks, context.vocab);
  const ownMasker = maskerOf(plan, context.vocab);
  const bases = plan.datasets.map(({ base }) => BigInt(base));
  const samplesOf = datasets.map(({ samples }) => samples);
  const shardRows = datasets.map(({ manifest, index }) => ({
    shards: manifest.shards.map(({ rows }) => rows),
    index,
  }));
  const batchOf = globalBatches(plan, shardRows);
  const needs = requirementsOf(plan.strategy);

  function slice(
    { rows, first, end }: GlobalBatch,
    ready: readonly ReadySamples[],
  ): { samples: SliceSample[]; starts: number[] } {
    const samples: SliceSample[] = [];
    const starts = [0];
    for (const { dataset, epoch, samples: numbers } of rows.slice(first, end)) {
      const from = ready[dataset]!;
      for (const row of numbers) {
        samples.push({
          sample: bases[dataset]! + BigInt(row),
          epoch,
          ids: from.sample(row),
          segment: from.segment(row),
          units: needs.units ? from.units(row) : undefined,
        });
      }
      starts.push(samples.length);
    }
    return { samples, starts };
  }

  const compute = (
    task: BatchTask,
    global: GlobalBatch,
    ready: readonly ReadySamples[],
    given = ownMasker,
  ): BatchResult => {
    const began = performance.now();
    const masker = remember(given);
    const { address, layout, slot, digest } = task;
    const { epoch, step } = address;
    const rate = rateOf(plan, epoch, step);
    const capacity = capacityOf(masker, ready, global.rows, rate);
    const digests: Uint8Array[] = [];
    const onSample: OnSample = (sample, masked) => {
      digests.push(sampleDigest(sample.sample, masked));
    };
    const writer = new SlotWriter(slot);
    const tally = { selected: 0 };
    const own = { epoch, rate, ...slice(global, ready), capacity, tally };
    const rows = layoutOf(layout, context).write(
      writer,
      context,
      own,
      masker,
      digest ? onSample : undefined,
    );
    const contents = writer.finish(rows);
    return {
      rows: global.end - global.first,
      contents,
      capacity,
      digests: digest ? concatenate(digests) : undefined,
      tokens: own.samples.reduce((sum, { ids }) => sum + ids.length, 0),
      selected: tally.selected,
      started: performance.timeOrigin + began,
      computed: performance.now() - began,
    };
  };

  if (samplesOf.every(({ load }) => load === undefined)) {
    return (task, masker) => compute(task, batchOf(task.address), samplesOf, masker);
  }
  // Outputs of lengths of their own take more than the lengths of the other ranks' samples to bound.
  const allRows = ownMasker.strategy.capacity !== undefined;
  const nextOf = nextSteps(stepsPerEpoch(plan));
  return async (task, masker) => {
    const global = batchOf(task.address);
    const rows = allRows ? global.rows : global.rows.slice(global.first, global.end);
    using loaded = await loadAll(samplesOf, rows, global.rows);
    const next = nextOf(task.address);
    if (next !== undefined) {
      // Found at most once, and only if somebody wants to know.
      let ahead: readonly GlobalRow[] | undefined;
      for (const [dataset, { readAhead }] of samplesOf.entries()) {
        readAhead?.(() => {
          ahead ??= batchOf(next).rows;
          return samplesIn(ahead, dataset);
        });
      }
    }
    return compute(task, global, loaded.samples, masker);
  };
}

/** Makes the samples of `rows`, and the lengths of those of `lengths`, available until disposed of. */
async function loadAll(
  datasets: readonly Samples[],
  rows: readonly GlobalRow[],
  lengths: readonly GlobalRow[],
): Promise<Disposable & { readonly samples: readonly ReadySamples[] }> {
  const loads = await Promise.allSettled(
    datasets.map(({ load }, dataset) =>
      load?.({
        rows: samplesIn(rows, dataset),
        // Whose samples are loaded, their lengths are as well.
        ...(lengths.length > rows.length ? { lengths: samplesIn(lengths, dataset) } : {}),
      }),
    ),
  );
  const dispose = () => {
    for (const load of loads) if (load.status === 'fulfilled') load.value?.[Symbol.dispose]();
  };
  const failed = loads.find((load) => load.status === 'rejected');
  if (failed !== undefined) {
    dispose();
    throw failed.reason;
  }
  const samples = loads.map(
    (load, dataset) => (load.status === 'fulfilled' && load.value) || datasets[dataset]!,
  );
  return { samples, [Symbol.dispose]: dispose };
}

/** The rows of a dataset among those of a batch. */
function samplesIn(rows: readonly GlobalRow[], dataset: number): number[] {
  const found: number[] = [];
  for (const row of rows) if (row.dataset === dataset) found.push(...row.samples);
  return found;
}
