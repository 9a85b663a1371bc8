/** @file What every worker does with a task, whichever way the task came. */
import type { KernelRoom, Masker } from '@maskloom/core';
import { type Manifest, type OpenShard, openSamples } from '@maskloom/shards';
import { openPlannedIndex } from '../batching/index-plan.ts';
import type { IndexBytes } from '../batching/row-index.ts';
import type { MaskMemory } from '../cache/mask-memory.ts';
import { type Compute, createCompute } from '../compute.ts';
import type { LayoutContext } from '../layouts/layout.ts';
import { maskerOf } from '../masker.ts';
import type { Plan } from '../plan.ts';
import type { SlotBytes } from '../slot.ts';
import {
  type PackedAnswer,
  packAnswer,
  unpackTask,
  type WorkerAnswer,
  type WorkerTask,
  type WorkerTasks,
} from './messages.ts';
import { packError } from './packed-error.ts';

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

/** A masker whose kernel works in a room. */
export type MaskerIn = (room: KernelRoom) => Masker;

/** Gets a worker ready. */
export async function createWorkerCompute(
  start: WorkerStart,
): Promise<(message: WorkerTasks) => Promise<PackedAnswer[]>> {
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

  async function answer({
    address,
    layout,
    digest,
    slot,
    ring,
  }: WorkerTask): Promise<WorkerAnswer> {
    const buffer = slot.buffer instanceof ArrayBuffer ? slot.buffer : undefined;
    try {
      const known = ring === undefined ? undefined : rings.get(ring);
      const bytes = slot.buffer ?? known!.buffer;
      const task = { address, layout, digest, slot: { ...slot, buffer: bytes } };
      return { result: await compute(task, known?.masker), buffer };
    } catch (error) {
      return { error: packError(error), buffer };
    }
  }

  return async ({ tasks, cell, rooms, forget }) => {
    for (const id of forget) rings.delete(id);
    for (const { ring, room } of rooms) {
      const masker = maskerOf(plan, context.vocab, room);
      rings.set(ring, { masker, buffer: room.memory.buffer as SlotBytes });
    }
    const answers: PackedAnswer[] = [];
    for (const task of tasks) {
      answers.push(packAnswer(await answer(unpackTask(task))));
      if (done !== undefined) Atomics.store(done, cell, answers.length);
    }
    return answers;
  };
}
