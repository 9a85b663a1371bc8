/** @file A worker that goes on after it was given up: as in Deno, where nothing ends a busy one. Here it does so at the worst moment, which no real one can be made to. */
import { expect, test } from 'vitest';
import type { BatchResult } from '../compute.ts';
import { Ring } from '../ring.ts';
import { Board } from './board.ts';
import { WorkerCells } from './worker-cells.ts';
import type { WorkerData } from './worker-compute.ts';
import type { StartWorker } from './worker-handle.ts';
import { type WorkerFailureEvent, WorkerPool } from './worker-pool.ts';

const result: BatchResult = {
  rows: 1,
  contents: { rows: 1, start: 0, end: 64, nodes: [1], buffers: [0, 0] },
  capacity: { inputs: 1, labels: 1 },
  digests: undefined,
  tokens: 0,
  selected: 0,
  started: 0,
  computed: 1,
};

/** Workers of which the first so many take a task and do not answer; nothing ends them. */
function pool(hanging: number, onTask: (board: Board, owner: number) => void) {
  const events: WorkerFailureEvent[] = [];
  const start: StartWorker = ({ shared }, { onMessage }) => {
    const board = new Board(shared!.board);
    const cells = new WorkerCells(shared!.cells);
    const { owner, worker } = shared!;
    return {
      ready: Promise.resolve(),
      failed: new Promise(() => {}),
      run: async ({ tasks }) => {
        onTask(board, owner);
        if (owner <= hanging) {
          board.take(owner);
          return new Promise(() => {});
        }
        for (const { job, address } of tasks) {
          onMessage({ answer: { to: { job }, result: { ...result, tokens: address.step } } });
        }
        for (let place = board.take(owner); place !== undefined; place = board.take(owner)) {
          const { address } = board.taskAt(place);
          board.writeResult(place, worker, { ...result, tokens: address.step });
          board.finish(place, owner);
        }
        cells.isAwake = false;
      },
      end: async () => false,
    };
  };
  const onFailure = (event: WorkerFailureEvent) => events.push(event);
  const watch = { patience: 16, attempts: 1000, heap: undefined, onFailure };
  return Object.assign(new WorkerPool(1, start, {} as WorkerData, watch), { events });
}

/** Has the batches of a stream computed, in a ring of as many slots. */
async function compute(pool: WorkerPool, steps: number) {
  const shape = { sharing: 'shared', slotBytes: 4096, rooms: 1, roomBytes: 64 } as const;
  const ring = new Ring({ ...shape, slots: steps });
  const stream = {};
  const jobs = ring.slots.map((slot, step) => {
    const address = { epoch: 0, step, rank: 0, world: 1 };
    return pool.run({ address, layout: undefined, slot, digest: false, ring, stream });
  });
  const taken = await Promise.all(jobs.map(async (job) => job.take()));
  expect(taken.map(({ result: { tokens } }) => tokens)).toEqual(taken.map((_, step) => step));
  return { ring, inRing: taken.map(({ slot }) => slot.buffer === ring.slots[0]!.buffer) };
}

test('what a worker takes after it was given up is computed by another, and its slots are not used again', async () => {
  let late = true;
  const given = pool(1, (board, owner) => {
    // The one in its place comes when that takes one more.
    if (owner === 2 && late) board.take(1);
    if (owner === 2) late = false;
  });
  const { ring, inRing } = await compute(given, 4);
  expect(inRing).toEqual([false, false, true, true]);
  expect(ring.damaged).toBe(true);
  expect(given.events).toMatchObject([{ error: { code: 'WORKER_HUNG' }, address: { step: 0 } }]);
  await given.close();
});

test('so many workers given up that no place on the board is left stop nothing', async () => {
  const given = pool(128, () => {});
  const { inRing } = await compute(given, 140);
  expect(given.events).toHaveLength(128);
  expect(inRing.slice(0, 128)).not.toContain(true);
  await given.close();
});
