/** @file What every worker does, whichever way its messages come. */
import type { KernelRoom, Masker } from '@maskloom/core';
import { type Manifest, type OpenShard, openSamples } from '@maskloom/shards';
import { openPlannedIndex } from '../batching/index-plan.ts';
import type { IndexBytes } from '../batching/row-index.ts';
import type { MaskMemory } from '../cache/mask-memory.ts';
import { type Compute, createCompute } from '../compute.ts';
import type { LayoutContext } from '../layouts/layout.ts';
import type { LayoutSpec } from '../layouts/layout-spec.ts';
import { maskerOf } from '../masker.ts';
import type { Plan } from '../plan.ts';
import type { SlotBytes } from '../slot.ts';
import { Board } from './board.ts';
import type { FromWorker, PostedAnswer, ToWorker } from './messages.ts';
import { nextTurn } from './next-turn.ts';
import { packError } from './packed-error.ts';
import { WorkerCells } from './worker-cells.ts';

/** What all workers are started with. Where memory can be shared the shards are, and are not copied. */
export interface WorkerData {
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
}

/** What one worker is started with. */
export interface WorkerStart extends WorkerData {
  /** Undefined where threads share no memory: then all of its tasks are posted. */
  readonly shared: Shared | undefined;
}

/** What a worker shares with the pool. */
interface Shared {
  readonly board: SharedArrayBuffer;
  readonly cells: SharedArrayBuffer;
  /** The worker's number, from 0, and its name on the board, which no other worker has or had. */
  readonly worker: number;
  readonly owner: number;
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

/** Tasks of a worker at a time, where they have to wait for their samples. */
const mostLanes = 2;

/** Posts a message to the pool; the buffers in it are transferred. */
export type Post = (message: FromWorker, buffers: ArrayBuffer[]) => void;

/** Gets a worker ready. What it is posted is to be given to the function returned, which resolves once there is no more to do. */
export async function createWorker(
  start: WorkerStart,
  post: Post,
): Promise<(message: ToWorker) => Promise<void>> {
  const { plan, context, shared } = start;
  const compute = await computeOf(start);
  const layoutsKnown: (LayoutSpec | undefined)[] = [];
  const ringsKnown = new Map<number, { masker: Masker | undefined; buffer: SlotBytes }>();
  const board = shared && new Board(shared.board);
  const cells = shared && new WorkerCells(shared.cells);
  let read = 0;
  let lanes = 0;

  /** Takes tasks from the board until none is left; where samples have to be read, in two lanes, so that one reads while the other computes. */
  async function work(board: Board, cells: WorkerCells, shared: Shared): Promise<void> {
    const { worker, owner } = shared;
    let other: Promise<void> | undefined;
    lanes++;
    for (let place = take(board, cells, owner); place !== undefined; ) {
      cells.beat();
      // What the task needs may have been posted just now.
      while (cells.posted !== read) await nextTurn();
      const { address, layout, digest, ring, start, bytes } = board.taskAt(place);
      const { buffer, masker } = ringsKnown.get(ring)!;
      const slot = { buffer, start, bytes };
      let answer: PostedAnswer | undefined;
      try {
        const computed = compute({ address, layout: layoutsKnown[layout], slot, digest }, masker);
        if (computed instanceof Promise && lanes < mostLanes) other = work(board, cells, shared);
        const result = computed instanceof Promise ? await computed : computed;
        if (!board.writeResult(place, worker, result)) answer = { place, result };
      } catch (error) {
        answer = { place, error: packError(error) };
      }
      cells.beat();
      if (answer === undefined) board.finish(place, owner);
      else post({ answers: [answer] }, []);
      if (board.count()) post({ answers: [] }, []);
      place = take(board, cells, owner);
    }
    // At once, since a message that comes now has to begin again.
    lanes--;
    await other;
  }

  return async ({ tasks, rings, forget, layouts }) => {
    for (const id of forget) ringsKnown.delete(id);
    for (const { ring, memory, room } of rings) {
      const masker = room && maskerOf(plan, context.vocab, room);
      ringsKnown.set(ring, { masker, buffer: memory.buffer as SlotBytes });
    }
    layoutsKnown.push(...layouts);
    read++;
    for (const { job, ...task } of tasks) {
      cells?.beat();
      const { buffer } = task.slot;
      const came = buffer instanceof ArrayBuffer ? { buffer } : {};
      const buffers = buffer instanceof ArrayBuffer ? [buffer] : [];
      try {
        const result = await compute(task);
        post({ answers: [{ job, result, ...came }] }, buffers);
      } catch (error) {
        post({ answers: [{ job, error: packError(error), ...came }] }, buffers);
      }
      cells?.beat();
    }
    if (shared !== undefined && lanes === 0) await work(board!, cells!, shared);
  };
}

/** Takes a task from the board, or goes to sleep. */
function take(board: Board, cells: WorkerCells, owner: number): number | undefined {
  if (cells.isRetired) return undefined;
  const place = board.take(owner);
  if (place !== undefined) return place;
  cells.isAwake = false;
  // Of what was put up just now the pool may have believed that it is taken.
  const late = board.take(owner);
  if (late !== undefined) cells.isAwake = true;
  return late;
}

async function computeOf({
  plan,
  context,
  datasets,
  masks,
  faults,
}: WorkerStart): Promise<Compute> {
  const compute = createCompute(
    plan,
    context,
    datasets.map(({ manifest, shards, cache, index }, number) => ({
      manifest,
      samples: openSamples(manifest, shards, { cache }),
      index: openPlannedIndex(plan, number, manifest.longest, index),
    })),
    masks,
  );
  if (faults === undefined) return compute;
  const { wrap } = (await import(faults.module)) as {
    wrap(compute: Compute, data: unknown): Compute;
  };
  return wrap(compute, faults.data);
}
