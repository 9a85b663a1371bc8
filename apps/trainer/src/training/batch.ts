import { type Client, type CompactColumns, readCompact } from '@maskloom/client';
import type { RecordBatch } from 'apache-arrow';
import { TrainingError } from '../errors.ts';
import type { ModelConfig } from '../model/config.ts';
import { type Ladder, rungOf } from './rung.ts';

/** Rows of a batch as a model takes them, on the host. T = height * width tokens. */
export interface HostBatch {
  /** Rows, without padding. */
  readonly rows: number;
  /** Rows, padding included. */
  readonly height: number;
  /** Tokens of a row, padding included. */
  readonly width: number;
  /** Row of the rank's slice that the first row is; in training, of the global batch. */
  readonly firstRow: number;
  /** Int32 [T]: ids, padded. */
  readonly ids: Int32Array<ArrayBuffer>;
  /** Int32 [T]: a token's place in its sample. */
  readonly places: Int32Array<ArrayBuffer>;
  /** Int32 [T]: the number of a token's sample in its row, from 1; 0 for padding. */
  readonly segments: Int32Array<ArrayBuffer>;
  /** Int32 [T]: 1 for tokens of a second sentence. */
  readonly sentences: Int32Array<ArrayBuffer>;
  /** Int32 [P]: positions in [0, T) whose states are read: the masked ones ascending, -1 where padded; then, where there is a sentence order, each row's first. */
  readonly picked: Int32Array<ArrayBuffer>;
  /** Int32 [T]: where a position is in `picked`; P if it is not. */
  readonly pickedAt: Int32Array<ArrayBuffer>;
  /** Int32 [M]: the original ids at the masked positions. */
  readonly labels: Int32Array<ArrayBuffer>;
  /** Float [M]: 1, or 0 where padded. */
  readonly weights: Float32Array<ArrayBuffer>;
  /** Int32 [height]: 1 where the segments are swapped, -1 where padded; with sentence order only. */
  readonly sentenceLabels?: Int32Array<ArrayBuffer>;
  /** Masked positions, without padding. */
  readonly masked: number;
  /** Tokens, without padding. */
  readonly tokens: number;
}

/** What a batch has to fit. */
export interface BatchShape {
  /** Longest row that the model takes. */
  readonly length: number;
  readonly vocab: number;
  readonly padId: number;
  /** Whether batches have unlike numbers of rows, which are then padded as well. */
  readonly hasUnlikeRows: boolean;
}

/** What the batches of a sidecar have to fit. */
export function batchShape(
  { length, vocab }: Pick<ModelConfig, 'length' | 'vocab'>,
  { plan, vocab: { padId } }: Pick<Client, 'plan' | 'vocab'>,
): BatchShape {
  return { length, vocab, padId, hasUnlikeRows: plan.rows?.type === 'tokens' };
}

/** Masked positions and widths of rows are padded to these rungs. */
const ladder: Ladder = { least: 64, perOctave: 4 };

/** Rows are, where batches have unlike numbers of them: fewer rungs, since other widths come with other numbers. */
const rowLadder: Ladder = { least: 1, perOctave: 2 };

/** Some rows of a record batch. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Lays rows of a record batch in the compact layout out for a model.
 *
 * @throws {TrainingError} if a row is longer than the model, or an id is beyond its vocabulary.
 */
export function hostBatch(
  batch: RecordBatch,
  shape: BatchShape,
  { from, to }: RowRange = { from: 0, to: batch.numRows },
): HostBatch {
  const columns = readCompact(batch);
  const numbers = Array.from({ length: to - from }, (_, index) => from + index);
  let longest = 1;
  let masked = 0;
  for (const row of numbers) {
    const { length } = columns.inputIds(row);
    checkRow(columns, row, shape);
    longest = Math.max(longest, length);
    masked += columns.positions(row).length;
  }
  const rows = numbers.length;
  const height = shape.hasUnlikeRows ? rungOf(rows, rowLadder) : rows;
  const width = Math.min(shape.length, rungOf(longest, ladder));
  const grid = { height, width };
  return {
    ...{ rows, ...grid, firstRow: from, masked },
    ...layTokens(columns, numbers, grid, shape.padId),
    ...layTargets(columns, numbers, grid, masked),
  };
}

type Grid = Pick<HostBatch, 'height' | 'width'>;

function checkRow(columns: CompactColumns, row: number, { length, vocab }: BatchShape): void {
  const ids = columns.inputIds(row);
  if (ids.length > length) {
    const ways =
      columns.cuSeqlens === undefined
        ? `give --length 0 for the longest sample, or serve data encoded with --max-length ${length} or less`
        : `give --length what the plan was made with as --pack, or serve one made with --pack ${length}`;
    throw new TrainingError(
      'DATA',
      `A row has ${ids.length} tokens, expected at most the model's ${length}: ${ways}`,
    );
  }
  for (const id of ids) {
    if (id < vocab) continue;
    throw new TrainingError(
      'DATA',
      `A row has the id ${id}, expected ids below the vocabulary's size, ${vocab}: encode the data again`,
    );
  }
}

function layTokens(
  columns: CompactColumns,
  rows: readonly number[],
  { height, width }: Grid,
  padId: number,
): Pick<HostBatch, 'ids' | 'places' | 'segments' | 'sentences' | 'tokens'> {
  const size = height * width;
  const ids = new Int32Array(size).fill(padId);
  const places = new Int32Array(size);
  const segments = new Int32Array(size);
  const sentences = new Int32Array(size);
  let tokens = 0;
  for (const [index, row] of rows.entries()) {
    const start = index * width;
    const rowIds = columns.inputIds(row);
    ids.set(rowIds, start);
    tokens += rowIds.length;
    const second = columns.segment?.[row] ?? rowIds.length;
    sentences.fill(1, start + second, start + rowIds.length);
    const bounds = columns.cuSeqlens?.(row) ?? [0, rowIds.length];
    for (let sample = 1; sample < bounds.length; sample++) {
      for (let at = bounds[sample - 1]!; at < bounds[sample]!; at++) {
        segments[start + at] = sample;
        places[start + at] = at - bounds[sample - 1]!;
      }
    }
  }
  return { ids, places, segments, sentences, tokens };
}

function layTargets(
  columns: CompactColumns,
  rows: readonly number[],
  { height, width }: Grid,
  masked: number,
): Pick<HostBatch, 'picked' | 'pickedAt' | 'labels' | 'weights' | 'sentenceLabels'> {
  const padded = rungOf(Math.max(1, masked), ladder);
  const { sentenceLabel } = columns;
  const firsts = sentenceLabel === undefined ? 0 : height;
  const picked = new Int32Array(padded + firsts).fill(-1);
  const labels = new Int32Array(padded);
  const weights = new Float32Array(padded);
  let at = 0;
  for (const [index, row] of rows.entries()) {
    const rowLabels = columns.labels(row);
    columns.positions(row).forEach((position, number) => {
      picked[at] = index * width + position;
      labels[at] = rowLabels[number]!;
      weights[at++] = 1;
    });
  }
  for (let index = 0; index < firsts; index++) picked[padded + index] = index * width;
  const pickedAt = new Int32Array(height * width).fill(picked.length);
  picked.forEach((position, index) => {
    if (position >= 0) pickedAt[position] = index;
  });
  const result = { picked, pickedAt, labels, weights };
  if (sentenceLabel === undefined) return result;
  const sentenceLabels = new Int32Array(height).fill(-1);
  sentenceLabels.set(rows.map((row) => sentenceLabel[row]!));
  return { ...result, sentenceLabels };
}
