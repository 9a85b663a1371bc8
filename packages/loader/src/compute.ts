import { type Masker, type OutputLengths, requirementsOf } from '@maskloom/core';
import type { Samples } from '@maskloom/shards';
import type { MaskMemory } from './cache/mask-memory.ts';
import { remembering } from './cache/remembering-masker.ts';
import { capacityOf } from './capacity.ts';
import { sampleDigest } from './digest.ts';
import { type BatchAddress, globalBatches } from './global-batch.ts';
import type { BatchRow, LayoutContext, OnRow } from './layouts/layout.ts';
import { type LayoutSpec, layoutOf } from './layouts/layout-spec.ts';
import { maskerOf } from './masker.ts';
import { type Plan, rateOf } from './plan.ts';
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
  readonly contents: SlotContents;
  /** The longest outputs that the global batch's samples can give. */
  readonly capacity: OutputLengths;
  /** 32 bytes a row, if they were asked for. */
  readonly digests: Uint8Array | undefined;
}

/** Computes a batch; a masker whose kernel works in the slot's own memory spares a copy. */
export type Compute = (task: BatchTask, masker?: Masker) => BatchResult;

/**
 * The pure function at the loader's heart: `batch(plan, epoch, step)`, written into a slot. Every
 * thread has one of these over the same shared shards; in static mode, over the same masks as well.
 */
export function createCompute(
  plan: Plan,
  context: LayoutContext,
  samples: Samples,
  masks?: MaskMemory,
): Compute {
  const remember = remembering(masks, context.vocab);
  const ownMasker = maskerOf(plan, context.vocab);
  const base = BigInt(plan.datasets[0].base);
  const batchOf = globalBatches(plan);
  const needs = requirementsOf(plan.strategy);

  return ({ address, layout, slot, digest }, given = ownMasker) => {
    const masker = remember(given);
    const global = batchOf(address);
    const rows: BatchRow[] = global.rows.slice(global.first, global.end).map((row) => ({
      sample: base + BigInt(row),
      ids: samples.sample(row),
      segment: samples.segment(row),
      units: needs.units ? samples.units(row) : undefined,
    }));
    const { epoch, step } = address;
    const rate = rateOf(plan, epoch, step);
    const capacity = capacityOf(masker, samples, global.rows, rate);
    const digests: Uint8Array[] = [];
    const onRow: OnRow = (row, masked) => {
      digests.push(sampleDigest(row.sample, masked));
    };
    const writer = new SlotWriter(slot);
    const slice = { epoch, rate, rows, capacity };
    layoutOf(layout, context).write(writer, context, slice, masker, digest ? onRow : undefined);
    return {
      contents: writer.finish(rows.length),
      capacity,
      digests: digest ? concatenate(digests) : undefined,
    };
  };
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}
