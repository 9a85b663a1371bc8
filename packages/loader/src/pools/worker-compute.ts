/** @file What every worker does with a task, whichever way the task came. */
import type { KernelRoom, Masker } from '@maskloom/core';
import { type Manifest, type OpenShard, openSamples } from '@maskloom/shards';
import { openPlannedIndex } from '../batching/index-plan.ts';
import type { IndexBytes } from '../batching/row-index.ts';
import type { MaskMemory } from '../cache/mask-memory.ts';
import { type BatchResult, type BatchTask, type Compute, createCompute } from '../compute.ts';
import type { LayoutContext } from '../layouts/layout.ts';
import { maskerOf } from '../masker.ts';
import type { Plan } from '../plan.ts';
import type { SlotBytes } from '../slot.ts';
import { type PackedError, packError } from './packed-error.ts';

/** What every worker is started with. Where memory can be shared the shards are, and are not copied. */
export interface WorkerStart {
  readonly plan: Plan;
  readonly context: LayoutContext;
  readonly datasets: readonly {
    readonly manifest: Manifest;
    readonly shards: readonly OpenShard[];
    /** Bytes of record batches that each worker may keep, where not all shards are in memory. */
    readonly cache: number;
    /** For a plan with `rows`. */
    readonly index: IndexBytes | undefined;
  }[];
  /** The masks that threads share, in static mode with a cache. */
  readonly masks: MaskMemory | undefined;
  readonly faults: Faults | undefined;
  /** Where the worker counts, for each message under way, its tasks that are done: Int32 cells, if threads can share them. */
  readonly done: SharedArrayBuffer | undefined;
}

/** For tests: a module whose `wrap(compute, data)` gives workers that fail. */
export interface Faults {
  /** Its URL. */
  readonly module: string;
  /** Cloned to each worker; shared memory in it stays shared. */
  readonly data: unknown;
}

/** A task as it is posted to a worker. */
export interface WorkerTask extends Omit<BatchTask, 'slot'> {
  /** Where the batch goes: in a ring's memory, or in a buffer that came along. */
  readonly slot: {
    readonly buffer: SlotBytes | undefined;
    readonly start: number;
    readonly bytes: number;
  };
  readonly ring: number | undefined;
  /** The ring's memory and the worker's room in it, when it is the worker's first task there. */
  readonly room: KernelRoom | undefined;
}

/** Tasks in one message, since messages between threads take longer than many a batch. */
export interface WorkerTasks {
  readonly tasks: readonly WorkerTask[];
  /** The cell in which those that are done are counted. */
  readonly cell: number;
  /** Rings whose memory is not needed any more. */
  readonly forget: readonly number[];
}

/** What a worker answers: a slot's buffer that was transferred comes back. */
export interface WorkerAnswer {
  readonly result: BatchResult | undefined;
  /** What is wrong with the batch; the worker itself is well. */
  readonly error: PackedError | undefined;
  readonly buffer: ArrayBuffer | undefined;
}

/** A masker whose kernel works in a room. */
export type MaskerIn = (room: KernelRoom) => Masker;

/** Gets a worker ready. */
export async function createWorkerCompute(
  start: WorkerStart,
): Promise<(message: WorkerTasks) => Promise<WorkerAnswer[]>> {
  const { plan, context, datasets, masks, faults } = start;
  const done = start.done === undefined ? undefined : new Int32Array(start.done);
  let compute = createCompute(
    plan,
    context,
    datasets.map(({ manifest, shards, cache, index }, number) => ({
      manifest,
      samples: openSamples(manifest, shards, { cache }),
      index: openPlannedIndex(plan, number, manifest.longest, index),
    })),
    masks,
  );
  if (faults !== undefined) {
    const { wrap } = (await import(faults.module)) as {
      wrap(compute: Compute, data: unknown): Compute;
    };
    compute = wrap(compute, faults.data);
  }
  const rings = new Map<number, { masker: Masker; buffer: SlotBytes }>();

  async function answer(given: WorkerTask): Promise<WorkerAnswer> {
    const { address, layout, digest, slot, ring, room } = given;
    let buffer: ArrayBuffer | undefined;
    try {
      if (ring !== undefined && room !== undefined) {
        const masker = maskerOf(plan, context.vocab, room);
        rings.set(ring, { masker, buffer: room.memory.buffer as SlotBytes });
      }
      const known = ring === undefined ? undefined : rings.get(ring);
      const bytes = slot.buffer ?? known!.buffer;
      if (slot.buffer instanceof ArrayBuffer) buffer = slot.buffer;
      const task = { address, layout, digest, slot: { ...slot, buffer: bytes } };
      const result = await compute(task, known?.masker);
      return { result, error: undefined, buffer };
    } catch (error) {
      return { result: undefined, error: packError(error), buffer };
    }
  }

  return async ({ tasks, cell, forget }) => {
    for (const id of forget) rings.delete(id);
    const answers: WorkerAnswer[] = [];
    for (const task of tasks) {
      answers.push(await answer(task));
      if (done !== undefined) Atomics.store(done, cell, answers.length);
    }
    return answers;
  };
}
