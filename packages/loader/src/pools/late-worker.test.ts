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

test('what a worker takes after it was given up is computed by another, and neither its place nor its slot is used again', async () => {
  const events: WorkerFailureEvent[] = [];
  /** Once it was given up, the first worker takes another task. */
  let takeLate: (() => void) | undefined;
  const start: StartWorker = ({ shared }, { onMessage }) => {
    const board = new Board(shared!.board);
    const cells = new WorkerCells(shared!.cells);
    const { owner, worker } = shared!;
    return {
      ready: Promise.resolve(),
      failed: new Promise(() => {}),
      run: async ({ tasks }) => {
        if (owner === 1) {
          board.take(owner);
          takeLate = () => board.take(owner);
          return new Promise(() => {});
        }
        takeLate?.();
        takeLate = undefined;
        for (const { job, address } of tasks) {
          onMessage({ answers: [{ job, result: { ...result, tokens: address.step } }] });
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
  const watch = { patience: 200, attempts: 4, heap: undefined, onFailure };
  const pool = new WorkerPool(1, start, {} as WorkerData, watch);
  const ring = new Ring({ sharing: 'shared', slots: 4, slotBytes: 4096, rooms: 1, roomBytes: 64 });
  const stream = {};
  const jobs = ring.slots.map((slot, step) => {
    const address = { epoch: 0, step, rank: 0, world: 1 };
    return pool.run({ address, layout: undefined, slot, digest: false, ring, stream });
  });
  const taken = await Promise.all(jobs.map(async (job) => job.take()));
  expect(taken.map(({ result: { tokens } }) => tokens)).toEqual([0, 1, 2, 3]);
  // The worker that was given up may still write to two slots of the four.
  const inRing = taken.map(({ slot }) => slot.buffer === ring.slots[0]!.buffer);
  expect(inRing).toEqual([false, false, true, true]);
  expect(ring.damaged).toBe(true);
  expect(events).toMatchObject([{ error: { code: 'WORKER_HUNG' }, address: { step: 0 } }]);
  await pool.close();
});
