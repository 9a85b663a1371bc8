/**
 * @file What threads post to one another. Tasks and answers go as arrays: with names they would take longer to write and
 * read than many a batch to compute.
 */
import type { KernelRoom } from '@maskloom/core';
import type { BatchResult, BatchTask } from '../compute.ts';
import type { LayoutSpec } from '../layouts/layout-spec.ts';
import type { SlotBytes, SlotContents } from '../slot.ts';
import type { PackedError } from './packed-error.ts';

/** Tasks in one message, since messages between threads take longer than many a batch. */
export interface WorkerTasks {
  readonly tasks: readonly PackedTask[];
  /** The cell in which those that are done are counted. */
  readonly cell: number;
  /** Rings that the worker has its first task in, and its rooms there. */
  readonly rooms: readonly { readonly ring: number; readonly room: KernelRoom }[];
  /** Rings whose memory is not needed any more. */
  readonly forget: readonly number[];
}

/** A task for a worker. */
export interface WorkerTask extends Omit<BatchTask, 'slot'> {
  /** The ring that the batch goes to, if that is memory which threads share. */
  readonly ring: number | undefined;
  /** Where the batch goes: in the ring's memory, or in a buffer that came along. */
  readonly slot: {
    readonly buffer: SlotBytes | undefined;
    readonly start: number;
    readonly bytes: number;
  };
}

/** A task as it is posted. */
export type PackedTask = readonly [
  epoch: number,
  step: number,
  rank: number,
  world: number,
  layout: LayoutSpec | undefined,
  digest: boolean,
  ring: number | undefined,
  buffer: SlotBytes | undefined,
  start: number,
  bytes: number,
];

export function packTask({ address, layout, digest, ring, slot }: WorkerTask): PackedTask {
  const { epoch, step, rank, world } = address;
  const { buffer, start, bytes } = slot;
  return [epoch, step, rank, world, layout, digest, ring, buffer, start, bytes];
}

export function unpackTask(packed: PackedTask): WorkerTask {
  const [epoch, step, rank, world, layout, digest, ring, buffer, start, bytes] = packed;
  return {
    address: { epoch, step, rank, world },
    layout,
    digest,
    ring,
    slot: { buffer, start, bytes },
  };
}

/** What a worker answers: a slot's buffer that was transferred comes back. */
export type WorkerAnswer =
  | { readonly result: BatchResult; readonly buffer: ArrayBuffer | undefined }
  /** What is wrong with the batch; the worker itself is well. */
  | { readonly error: PackedError; readonly buffer: ArrayBuffer | undefined };

/** An answer as it is posted. */
export type PackedAnswer =
  | readonly [
      buffer: ArrayBuffer | undefined,
      error: undefined,
      rows: number,
      contents: SlotContents,
      inputs: number,
      labels: number,
      digests: Uint8Array | undefined,
      tokens: number,
      selected: number,
      started: number,
      computed: number,
    ]
  | readonly [buffer: ArrayBuffer | undefined, error: PackedError];

export function packAnswer(answer: WorkerAnswer): PackedAnswer {
  const { buffer } = answer;
  if ('error' in answer) return [buffer, answer.error];
  const { rows, contents, capacity, digests, tokens, selected, started, computed } = answer.result;
  const { inputs, labels } = capacity;
  return [
    buffer,
    undefined,
    rows,
    contents,
    inputs,
    labels,
    digests,
    tokens,
    selected,
    started,
    computed,
  ];
}

export function unpackAnswer(packed: PackedAnswer): WorkerAnswer {
  const [buffer, error] = packed;
  if (error !== undefined) return { error, buffer };
  const [, , rows, contents, inputs, labels, digests, tokens, selected, started, computed] = packed;
  const capacity = { inputs, labels };
  const result = { rows, contents, capacity, digests, tokens, selected, started, computed };
  return { result, buffer };
}
