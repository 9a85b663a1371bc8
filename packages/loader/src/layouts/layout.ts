import type { MaskedOutput, Masker, SampleAddress, VocabTraits } from '@maskloom/core';
import type { Schema } from 'apache-arrow';
import type { SlotWriter } from '../slot.ts';

/** What a layout is told of the dataset. */
export interface LayoutContext {
  readonly vocab: VocabTraits;
  /** Tokens of the dataset's longest sample. */
  readonly longest: number;
  /** Whether the objective asks for the order of two segments. */
  readonly sentenceOrder: boolean;
}

/** One row of a batch, before masking. */
export interface BatchRow {
  readonly sample: bigint;
  readonly ids: Uint16Array | Uint32Array;
  /** Where the second segment starts, if the dataset says. */
  readonly segment: number | undefined;
  /** Where units begin, if the strategy asks for it. */
  readonly units: Uint8Array | undefined;
}

/** A rank's slice of a global batch, before masking. */
export interface BatchSlice {
  readonly epoch: number;
  /** The share of tokens to select, where the plan has a schedule. */
  readonly rate: number | undefined;
  readonly rows: readonly BatchRow[];
  /** Tokens of the longest sample of the global batch, the other ranks' rows included. */
  readonly longestOfBatch: number;
}

/** Told of each masked row, without padding. */
export type OnRow = (row: BatchRow, masked: MaskedOutput) => void;

/** The address a row's masks are drawn at. */
export function addressOf({ epoch, rate }: BatchSlice, row: BatchRow): SampleAddress {
  return { epoch, rate, sample: row.sample, segment: row.segment, units: row.units };
}

/** A way to lay a batch out in columns. It changes how a batch is written, never what is in it. */
export interface Layout {
  readonly name: string;
  /** The Arrow schema; a dense layout that pads to each batch has one for each width. */
  schema(context: LayoutContext, longestOfBatch: number): Schema;
  /** Bytes of body that `rows` rows take at most. */
  capacity(context: LayoutContext, rows: number): number;
  /** Masks a slice and writes its columns. */
  write(
    writer: SlotWriter,
    context: LayoutContext,
    slice: BatchSlice,
    masker: Masker,
    onRow?: OnRow,
  ): void;
}
