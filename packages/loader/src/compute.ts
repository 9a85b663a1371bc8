import type { Masker, OutputLengths } from '@maskloom/core';
import type { Manifest, ReadySamples, Samples } from '@maskloom/shards';
import { batchSlices } from './batch-slice.ts';
import type { RowIndex } from './batching/row-index.ts';
import type { MaskMemory } from './cache/mask-memory.ts';
import { remembering } from './cache/remembering-masker.ts';
import { capacityOf, longestRow } from './capacity.ts';
import { concatenate } from './concatenate.ts';
import { sampleDigest } from './digest.ts';
import { type BatchAddress, type GlobalBatch, globalBatches, samplesIn } from './global-batch.ts';
import type { LayoutContext, OnSample } from './layouts/layout.ts';
import { type LayoutSpec, layoutsOf } from './layouts/layout-spec.ts';
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
  const slices = batchSlices(plan);
  const layoutOf = layoutsOf(context);
  const samplesOf = datasets.map(({ samples }) => samples);
  const shardRows = datasets.map(({ manifest, index }) => ({
    shards: manifest.shards.map(({ rows }) => rows),
    index,
  }));
  const batchOf = globalBatches(plan, shardRows);

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
    const { samples, starts, tokens } = slices(global, ready);
    // Lengths that are at hand need not be found again.
    const whole =
      masker.strategy.capacity === undefined && samples.length === global.samples.length;
    const capacity = whole ? longestRow(samples, starts) : capacityOf(masker, ready, global, rate);
    const digests: Uint8Array[] = [];
    const onSample: OnSample = (sample, masked) => {
      digests.push(sampleDigest(BigInt(sample.sample), masked));
    };
    const writer = new SlotWriter(slot);
    const tally = { selected: 0 };
    const rows = layoutOf(layout).write(
      writer,
      context,
      { epoch, rate, samples, starts, capacity, tally },
      masker,
      digest ? onSample : undefined,
    );
    const contents = writer.finish(rows);
    return {
      rows: global.end - global.first,
      contents,
      capacity,
      digests: digest ? concatenate(digests) : undefined,
      tokens,
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
    using loaded = await loadAll(samplesOf, global, allRows);
    const next = nextOf(task.address);
    if (next !== undefined) {
      // Found at most once, and only if somebody wants to know.
      let ahead: GlobalBatch | undefined;
      for (const [dataset, { readAhead }] of samplesOf.entries()) {
        readAhead?.(() => {
          ahead ??= batchOf(next);
          return samplesIn(ahead, dataset, 0, ahead.samples.length);
        });
      }
    }
    return compute(task, global, loaded.samples, masker);
  };
}

/** Makes the samples of a rank's rows, or of all, and the lengths of all available until disposed of. */
async function loadAll(
  datasets: readonly Samples[],
  global: GlobalBatch,
  allRows: boolean,
): Promise<Disposable & { readonly samples: readonly ReadySamples[] }> {
  const { starts, samples: all } = global;
  const first = allRows ? 0 : starts[global.first]!;
  const end = allRows ? all.length : starts[global.end]!;
  const loads = await Promise.allSettled(
    datasets.map(({ load }, dataset) =>
      load?.({
        rows: samplesIn(global, dataset, first, end),
        // Whose samples are loaded, their lengths are as well.
        ...(end - first < all.length ? { lengths: samplesIn(global, dataset, 0, all.length) } : {}),
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
