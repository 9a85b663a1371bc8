import type {
  MaskedOutput,
  Masker,
  OutputLengths,
  SampleAddress,
  VocabTraits,
} from '@maskloom/core';
import { Field, FixedSizeList, type Int32, type Schema, type Uint8 } from 'apache-arrow';
import type { SlotWriter } from '../slot.ts';

/** What a layout is told of the dataset. */
export interface LayoutContext {
  readonly vocab: VocabTraits;
  /** The longest outputs that the dataset's samples can give; tokens of its longest, if they are aligned. */
  readonly capacity: OutputLengths;
  /** Whether the objective asks for the order of two segments. */
  readonly sentenceOrder: boolean;
  /** `seq2seq` where input and target have lengths of their own. */
  readonly defaultLayout: 'dense' | 'seq2seq';
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
  /** The longest outputs that the global batch's samples can give, the other ranks' rows included. */
  readonly capacity: OutputLengths;
}

/** Told of each masked row, without padding. */
export type OnRow = (row: BatchRow, masked: MaskedOutput) => void;

/** The address a row's masks are drawn at. */
export function addressOf({ epoch, rate }: BatchSlice, row: BatchRow): SampleAddress {
  return { epoch, rate, sample: row.sample, segment: row.segment, units: row.units };
}

/** How a layout of rectangles pads. */
export interface PadOptions {
  /** Pad to the longest that each global batch can have (default), or the whole dataset. */
  readonly pad?: 'batch' | 'dataset';
  /** Pad on to a multiple of this. Default 1. */
  readonly multiple?: number;
}

/** The widths that outputs are padded to. */
export function paddedWidths(
  { pad = 'batch', multiple = 1 }: PadOptions,
  context: LayoutContext,
  ofBatch: OutputLengths,
): OutputLengths {
  const { inputs, labels } = pad === 'batch' ? ofBatch : context.capacity;
  const padded = (length: number) => Math.ceil(length / multiple) * multiple;
  return { inputs: padded(inputs), labels: padded(labels) };
}

/** The type of a column whose rows are all of one width. */
export function rectangle<Item extends Int32 | Uint8>(
  item: Item,
  width: number,
): FixedSizeList<Item> {
  return new FixedSizeList(width, new Field('item', item, false));
}

/** A way to lay a batch out in columns. It changes how a batch is written, never what is in it. */
export interface Layout {
  readonly name: string;
  /** The Arrow schema; a dense layout that pads to each batch has one for each width. */
  schema(context: LayoutContext, ofBatch: OutputLengths): Schema;
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
