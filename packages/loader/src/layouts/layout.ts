import type {
  BatchSample,
  Columns,
  Masker,
  OutputLengths,
  SampleAddress,
  Uint64,
  VocabTraits,
} from '@maskloom/core';
import { Field, FixedSizeList, type Int32, type Schema, type Uint8 } from 'apache-arrow';
import type { DigestedSample } from '../digest.ts';
import type { SlotWriter } from '../slot.ts';

/** What a layout is told of the dataset. */
export interface LayoutContext {
  readonly vocab: VocabTraits;
  /** The longest outputs that a row can give; tokens of the longest, if they are aligned. */
  readonly capacity: OutputLengths;
  /** Whether the objective asks for the order of two segments. */
  readonly sentenceOrder: boolean;
  /** `seq2seq` where input and target have lengths of their own. */
  readonly defaultLayout: 'dense' | 'seq2seq';
  /** Whether a row can have several samples, and how many at most. */
  readonly packed: boolean;
  readonly samplesPerRow: number;
}

/** A sample of a batch, before masking. */
export interface SliceSample extends BatchSample {
  readonly sample: Uint64;
  /** Of its dataset: in a mixture each has its own. */
  readonly epoch: number;
  readonly ids: Uint16Array | Uint32Array;
}

/** A rank's slice of a global batch, before masking. */
export interface BatchSlice {
  /** Of the batch. */
  readonly epoch: number;
  /** The share of tokens to select, where the plan has a schedule. */
  readonly rate: number | undefined;
  readonly samples: readonly SliceSample[];
  /** Where each row's samples start, and last how many samples there are. */
  readonly starts: readonly number[];
  /** The longest outputs that the global batch's rows can give, the other ranks' rows included. */
  readonly capacity: OutputLengths;
  /** Counts what masking it does. */
  readonly tally: { selected: number };
}

/** Told of each masked sample, without padding. */
export type OnSample = (sample: SliceSample, masked: DigestedSample) => void;

/** The address a sample's masks are drawn at. */
export function addressOf({ rate }: BatchSlice, sample: SliceSample): SampleAddress {
  const { epoch, segment, units } = sample;
  return { epoch, rate, sample: sample.sample, segment, units };
}

/** What sentence order made of the samples of a slice. */
export interface SentenceOrders {
  readonly segments: Uint32Array;
  readonly sentenceLabels: Uint8Array;
}

/**
 * Masks the samples of a slice, each at its place in the columns, and pads what is left of it.
 *
 * @param starts where each sample's place starts, and last where the last one ends
 * @param orders where to say how segments were ordered, with sentence order
 */
export function maskSlice(
  masker: Masker,
  slice: BatchSlice,
  columns: Columns,
  starts: ArrayLike<number>,
  orders: SentenceOrders | undefined,
  onSample: OnSample | undefined,
): void {
  const { samples, epoch, rate } = slice;
  slice.tally.selected += masker.maskBatch(
    samples,
    { epoch, rate },
    { ...columns, starts, ...orders },
  );
  if (onSample === undefined) return;
  samples.forEach((sample, index) => {
    const start = starts[index]!;
    const end = start + sample.ids.length;
    onSample(sample, {
      inputIds: columns.inputIds.subarray(start, end),
      labels: columns.labels.subarray(start, end),
      segment: orders?.segments[index],
      sentenceLabel: orders?.sentenceLabels[index],
    });
  });
}

/** Room for what sentence order tells of so many samples. */
export function sentenceOrders(samples: number): SentenceOrders {
  return { segments: new Uint32Array(samples), sentenceLabels: new Uint8Array(samples) };
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
  /** Masks a slice and writes its columns; returns the rows that they have. */
  write(
    writer: SlotWriter,
    context: LayoutContext,
    slice: BatchSlice,
    masker: Masker,
    onSample?: OnSample,
  ): number;
}
