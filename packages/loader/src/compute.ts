import { createMasker, requirementsOf, strategyFromPlan } from '@maskloom/core';
import type { Manifest, Samples } from '@maskloom/shards';
import { sampleDigest } from './digest.ts';
import { type BatchAddress, globalBatches } from './global-batch.ts';
import type { BatchRow, LayoutContext, OnRow } from './layouts/layout.ts';
import { type LayoutSpec, layoutOf } from './layouts/layout-spec.ts';
import { type Plan, rateOf } from './plan.ts';
import { type SlotBytes, type SlotContents, SlotWriter } from './slot.ts';

/** One batch to compute, and the slot to write it to. */
export interface BatchTask {
  readonly address: Required<BatchAddress>;
  readonly layout: LayoutSpec;
  readonly slot: SlotBytes;
  /** Whether to compute the sample digests as well. */
  readonly digest: boolean;
}

/** A computed batch. */
export interface BatchResult {
  readonly contents: SlotContents;
  /** Tokens of the longest sample of the global batch. */
  readonly longestOfBatch: number;
  /** 32 bytes a row, if they were asked for. */
  readonly digests: Uint8Array | undefined;
}

/** What a layout is told of a dataset. */
export function layoutContext(plan: Plan, { vocab, longest }: Manifest): LayoutContext {
  return { vocab, longest, sentenceOrder: plan.strategy.type === 'sentence-order' };
}

/**
 * The pure function at the loader's heart: `batch(plan, epoch, step)`, written into a slot. Every
 * thread has one of these over the same shared shards.
 */
export function createCompute(
  plan: Plan,
  manifest: Manifest,
  samples: Samples,
): (task: BatchTask) => BatchResult {
  const masker = createMasker({
    vocab: manifest.vocab,
    seed: BigInt(plan.seed),
    strategy: strategyFromPlan(plan.strategy),
    mode: plan.mode,
    ...(plan.copies === undefined ? {} : { copies: plan.copies }),
  });
  const context = layoutContext(plan, manifest);
  const base = BigInt(plan.datasets[0].base);
  const batchOf = globalBatches(plan);
  const needs = requirementsOf(plan.strategy);

  return ({ address, layout, slot, digest }) => {
    const global = batchOf(address);
    const rows: BatchRow[] = global.rows.slice(global.first, global.end).map((row) => ({
      sample: base + BigInt(row),
      ids: samples.sample(row),
      segment: samples.segment(row),
      units: needs.units ? samples.units(row) : undefined,
    }));
    const longestOfBatch = global.rows.reduce(
      (longest, row) => Math.max(longest, samples.length(row)),
      0,
    );
    const digests: Uint8Array[] = [];
    const onRow: OnRow = (row, masked) => {
      digests.push(sampleDigest(row.sample, masked));
    };
    const writer = new SlotWriter(slot);
    const { epoch, step } = address;
    const slice = { epoch, rate: rateOf(plan, epoch, step), rows, longestOfBatch };
    layoutOf(layout).write(writer, context, slice, masker, digest ? onRow : undefined);
    return {
      contents: writer.finish(rows.length),
      longestOfBatch,
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
