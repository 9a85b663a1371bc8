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
import type { FromWorker, PostedAnswer, PostedTask, ToWorker } from './messages.ts';
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

/** Tasks of a worker at a time, where they have to wait for their samples: one is read while the other is computed. */
const lanesOfReader = 2;

/** Posts a message to the pool; the buffers in it are transferred. */
export type Post = (message: FromWorker, buffers: ArrayBuffer[]) => void;

/** Gets a worker ready. What it is posted is to be given to the function returned, which resolves as `WorkerHandle.run` does. */
export async function createWorker(
  start: WorkerStart,
  post: Post,
): Promise<(message: ToWorker) => Promise<void>> {
  const { plan, context } = start;
  const compute = await computeOf(start);
  const layoutsKnown: (LayoutSpec | undefined)[] = [];
  const ringsKnown = new Map<number, { masker: Masker | undefined; buffer: SlotBytes }>();
  const shared = start.shared && {
    ...start.shared,
    board: new Board(start.shared.board),
    cells: new WorkerCells(start.shared.cells),
  };
  /** Messages read, modulo 2^32. */
  let read = 0;
  let lanes = 0;
  let mostLanes = 1;
  let onIdle: () => void = () => {};

  /** Takes tasks from the board until none is left. */
  async function lane({ board, cells, worker, owner }: NonNullable<typeof shared>): Promise<void> {
    for (let place = take(board, cells, owner); place !== undefined; ) {
      // What the task needs may have been posted just now.
      while (cells.posted !== read) await nextTurn();
      const { address, layout, digest, ring, start, bytes } = board.taskAt(place);
      const { buffer, masker } = ringsKnown.get(ring)!;
      const slot = { buffer, start, bytes };
      let answer: PostedAnswer | undefined;
      cells.begin({ place });
      try {
        const computed = compute({ address, layout: layoutsKnown[layout], slot, digest }, masker);
        if (computed instanceof Promise) {
          mostLanes = lanesOfReader;
          startLanes();
        }
        const result = computed instanceof Promise ? await computed : computed;
        if (!board.writeResult(place, worker, result)) answer = { to: { place }, result };
      } catch (error) {
        answer = { to: { place }, error: packError(error) };
      }
      cells.end();
      if (answer !== undefined) post({ answer }, []);
      else if (board.finish(place, owner) && board.count()) post({ answer: undefined }, []);
      place = take(board, cells, owner);
    }
    // Here, and not once a promise has told: a message that comes in between has to begin again.
    lanes--;
    if (lanes === 0) onIdle();
    else post({ answer: undefined }, []);
  }

  function startLanes(): void {
    if (shared === undefined) return;
    const missing = Math.max(0, mostLanes - lanes);
    // All at first: one that finds no task ends at once, and would be the last.
    lanes += missing;
    for (let started = 0; started < missing; started++) void lane(shared);
  }

  async function answerPosted({ job, ...task }: PostedTask): Promise<void> {
    const { buffer } = task.slot;
    const came = buffer instanceof ArrayBuffer ? { buffer } : {};
    const buffers = buffer instanceof ArrayBuffer ? [buffer] : [];
    shared?.cells.begin({ job });
    let answer: PostedAnswer;
    try {
      answer = { to: { job }, result: await compute(task), ...came };
    } catch (error) {
      answer = { to: { job }, error: packError(error), ...came };
    }
    shared?.cells.end();
    post({ answer }, buffers);
  }

  return async ({ tasks, rings, forget, layouts }) => {
    for (const id of forget) ringsKnown.delete(id);
    for (const { ring, memory, room } of rings) {
      const masker = room && maskerOf(plan, context.vocab, room);
      ringsKnown.set(ring, { masker, buffer: memory.buffer as SlotBytes });
    }
    layoutsKnown.push(...layouts);
    read = (read + 1) | 0;
    for (const task of tasks) await answerPosted(task);
    if (shared === undefined || lanes > 0) return startLanes();
    const idle = new Promise<void>((resolve) => {
      onIdle = resolve;
    });
    startLanes();
    await idle;
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
