import { type Masker, type OutputLengths, requirementsOf } from '@maskloom/core';
import type { ReadySamples, Samples } from '@maskloom/shards';
import { capacityOf } from './capacity.ts';
import { sampleDigest } from './digest.ts';
import { type BatchAddress, type GlobalBatch, globalBatches } from './global-batch.ts';
import type { BatchRow, LayoutContext, OnRow } from './layouts/layout.ts';
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
  readonly contents: SlotContents;
  /** The longest outputs that the global batch's samples can give. */
  readonly capacity: OutputLengths;
  /** 32 bytes a row, if they were asked for. */
  readonly digests: Uint8Array | undefined;
}

/** Computes a batch; a masker whose kernel works in the slot's own memory spares a copy. */
export type Compute = (task: BatchTask, masker?: Masker) => BatchResult | Promise<BatchResult>;

/**
 * The pure function at the loader's heart: `batch(plan, epoch, step)`, written into a slot. Every
 * thread has one of these over the same shared shards.
 */
export function createCompute(plan: Plan, context: LayoutContext, samples: Samples): Compute {
  const ownMasker = maskerOf(plan, context.vocab);
  const base = BigInt(plan.datasets[0].base);
  const batchOf = globalBatches(plan);
  const needs = requirementsOf(plan.strategy);

  const compute = (
    task: BatchTask,
    masker: Masker,
    global: GlobalBatch,
    samples: ReadySamples,
  ): BatchResult => {
    const { address, layout, slot, digest } = task;
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

  const { load, readAhead } = samples;
  if (load === undefined) {
    return (task, masker = ownMasker) => compute(task, masker, batchOf(task.address), samples);
  }
  // Outputs of lengths of their own take more than the lengths of the other ranks' samples to bound.
  const allRows = ownMasker.strategy.capacity !== undefined;
  const nextOf = nextSteps(stepsPerEpoch(plan));
  return async (task, masker = ownMasker) => {
    const global = batchOf(task.address);
    const rows = allRows ? global.rows : global.rows.slice(global.first, global.end);
    using ready = await load({ rows, lengths: global.rows });
    const next = nextOf(task.address);
    if (next !== undefined) readAhead?.(batchOf(next).rows);
    return compute(task, masker, global, ready);
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
