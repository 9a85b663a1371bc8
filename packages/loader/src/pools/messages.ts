/** @file What threads post to one another: all that is not on the board, because it is more than numbers. */
import type { KernelMemory, KernelRoom } from '@maskloom/core';
import type { BatchResult, BatchTask } from '../compute.ts';
import type { LayoutSpec } from '../layouts/layout-spec.ts';
import type { PackedError } from './packed-error.ts';

/** What a worker is posted. It then takes tasks from the board until none is left. */
export interface ToWorker {
  /** Tasks whose slots are memory of their own, which comes along. */
  readonly tasks: readonly PostedTask[];
  /** Rings whose memory it is to know, and its room there if it may use that. */
  readonly rings: readonly {
    readonly ring: number;
    readonly memory: KernelMemory;
    readonly room: KernelRoom | undefined;
  }[];
  /** Rings whose memory is not needed any more. */
  readonly forget: readonly number[];
  /** Layouts that tasks may have by their number; they go on from those that it knows. */
  readonly layouts: readonly (LayoutSpec | undefined)[];
}

export interface PostedTask extends BatchTask {
  readonly job: number;
}

/** What a worker posts: an answer that is not numbers alone; or nothing but that there is news. */
export interface FromWorker {
  readonly answer: PostedAnswer | undefined;
}

export type PostedAnswer = {
  /** What it answers: a place on the board, or a posted task. */
  readonly to: { readonly place: number } | { readonly job: number };
  /** The slot's buffer, if that came along and was not shared. */
  readonly buffer?: ArrayBuffer;
} & (
  | { readonly result: BatchResult }
  /** What is wrong with the batch; the worker itself is well. */
  | { readonly error: PackedError }
);
