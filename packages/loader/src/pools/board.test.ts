import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BatchResult } from '../compute.ts';
import { Board, type BoardTask } from './board.ts';

const taskOf = (step: number): BoardTask => ({
  address: { epoch: 2 ** 32, step, rank: 3, world: 8 },
  layout: 2,
  digest: step % 2 === 1,
  ring: 5,
  start: 2 ** 32 - 64,
  bytes: 4096,
});

const resultOf = (step: number): BatchResult => ({
  rows: 7,
  contents: { rows: 8, start: 128, end: 4096, nodes: [8, step], buffers: [0, 0, 0, 64, 64, 64] },
  capacity: { inputs: 128, labels: 64 },
  digests: undefined,
  tokens: step,
  selected: 9,
  started: 1.7e12 + 0.25,
  computed: 0.125,
});

/** A board whose counts are about to wrap around. */
function oldBoard(): Board {
  const { memory } = new Board();
  const cells = new Int32Array(memory);
  // The first two of what is counted lie at the front, a line of 32 cells apart.
  cells[0] = 2 ** 31 - 20;
  cells[32] = 2 ** 31 - 20;
  return new Board(memory);
}

describe('a board', () => {
  test('hands on tasks and results as they are', () => {
    const board = new Board();
    const worker = new Board(board.memory);
    const place = board.put(taskOf(2 ** 53 - 1))!;
    expect(worker.take(4)).toBe(place);
    expect(worker.taskAt(place)).toEqual(taskOf(2 ** 53 - 1));
    expect(board.ownerOf(place)).toBe(4);
    expect(worker.writeResult(place, 3, resultOf(12))).toBe(true);
    expect(board.isDone(place)).toBe(false);
    worker.finish(place, 4);
    expect(board.isDone(place)).toBe(true);
    expect(board.resultAt(place)).toEqual(resultOf(12));
    expect(board.workerAt(place)).toBe(3);
  });

  test('takes no result that is more than numbers, or more of them than a place holds', () => {
    const board = new Board();
    const place = board.put(taskOf(0))!;
    const digests = new Uint8Array(32);
    expect(board.writeResult(place, 0, { ...resultOf(0), digests })).toBe(false);
    const contents = { ...resultOf(0).contents, buffers: Array(200).fill(1) };
    expect(board.writeResult(place, 0, { ...resultOf(0), contents })).toBe(false);
  });

  test('gives each task to one worker, in the order put, whatever is cancelled, lost, or read late', () => {
    const actions = fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.constant('put' as const) },
        { weight: 3, arbitrary: fc.constant('take' as const) },
        { weight: 3, arbitrary: fc.constant('finish' as const) },
        { weight: 2, arbitrary: fc.constant('read' as const) },
        fc.constant('cancel' as const),
        fc.constant('lose' as const),
      ),
      { maxLength: 800 },
    );
    fc.assert(
      fc.property(actions, fc.infiniteStream(fc.nat()), (steps, picks) => {
        const board = oldBoard();
        const worker = new Board(board.memory);
        const pick = <Item>(items: readonly Item[]): Item | undefined =>
          items[picks.next().value! % items.length];
        /** What the board should have: tasks by place. */
        const waiting: { place: number; step: number }[] = [];
        const running: { place: number; step: number; owner: number }[] = [];
        const done = new Map<number, number>();
        const cancelled = new Set<number>();
        const lost = new Set<number>();
        let step = 0;
        let owner = 0;
        for (const action of steps) {
          if (action === 'put') {
            const place = board.put(taskOf(step));
            if (place === undefined) expect(board.size).toBe(128);
            else {
              for (const { place: other } of [...waiting, ...running])
                expect(place).not.toBe(other);
              expect(done.has(place) || cancelled.has(place) || lost.has(place)).toBe(false);
              waiting.push({ place, step: step++ });
            }
          } else if (action === 'take') {
            const place = worker.take(++owner);
            const first = waiting.shift();
            expect(place).toBe(first?.place);
            if (first === undefined) continue;
            expect(worker.taskAt(place!)).toEqual(taskOf(first.step));
            running.push({ ...first, owner });
          } else if (action === 'finish') {
            const one = pick(running);
            if (one === undefined) continue;
            running.splice(running.indexOf(one), 1);
            worker.writeResult(one.place, 0, resultOf(one.step));
            worker.finish(one.place, one.owner);
            expect(board.lose(one.place, one.owner)).toBe(false);
            done.set(one.place, one.step);
          } else if (action === 'read') {
            board.readDone((place) => {
              if (board.isDone(place))
                expect(board.resultAt(place)).toEqual(resultOf(done.get(place)!));
              expect(done.delete(place) || cancelled.delete(place)).toBe(true);
              board.free(place);
            });
          } else if (action === 'cancel') {
            const one = pick([...waiting, ...running]);
            if (one === undefined) continue;
            expect(board.cancel(one.place)).toBe(!running.includes(one as (typeof running)[0]));
            if (waiting.includes(one)) cancelled.add(one.place);
            if (waiting.includes(one)) waiting.splice(waiting.indexOf(one), 1);
          } else {
            const one = pick(running);
            if (one === undefined || lost.size > 20) continue;
            running.splice(running.indexOf(one), 1);
            expect(board.lose(one.place, one.owner)).toBe(true);
            // Who has lost it may finish for all that.
            worker.finish(one.place, one.owner);
            expect(board.isDone(one.place)).toBe(false);
            lost.add(one.place);
          }
        }
      }),
    );
  });

  test('loses no task and gives none twice, to threads that take them at once', async () => {
    const board = oldBoard();
    const file = new URL('../testing/board-thread.js', import.meta.url);
    const threads = [1, 2, 3].map((owner) => {
      const thread = new Worker(file, { workerData: { memory: board.memory, owner } });
      return new Promise<number[]>((resolve, reject) => {
        thread.once('message', resolve);
        thread.once('error', reject);
      });
    });
    const read: number[] = [];
    const had = new Map<number, number>();
    const enough = () => read.length > 100_000 && had.size === 3;
    for (let step = 0; !enough(); ) {
      while (board.put(taskOf(step)) !== undefined) step++;
      board.readDone((place) => {
        read.push(board.resultAt(place).tokens);
        had.set(board.workerAt(place), 1 + (had.get(board.workerAt(place)) ?? 0));
        board.free(place);
      });
      // Else nobody would be told that a thread has failed.
      if (step % 1000 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    expect(read).toEqual(read.map((_, step) => step));
    for (let last = 0; last < threads.length; ) {
      board.readDone((place) => {
        read.push(board.resultAt(place).tokens);
        board.free(place);
      });
      if (board.put(taskOf(-1)) !== undefined) last++;
    }
    const taken = (await Promise.all(threads)).flat().toSorted((a, b) => a - b);
    expect(taken).toEqual(taken.map((_, step) => step));
    expect(taken.length).toBeGreaterThanOrEqual(read.filter((step) => step >= 0).length);
  });

  test('wakes the pool once, at the task it asked for', () => {
    const board = oldBoard();
    const worker = new Board(board.memory);
    expect(worker.count()).toBe(false);
    board.setAlarm(3);
    expect([1, 2, 3, 4].map(() => worker.count())).toEqual([false, false, true, false]);
    board.setAlarm(1);
    expect([worker.count(), worker.count()]).toEqual([true, false]);
  });

  test('gives nothing once it is closed', () => {
    const board = new Board();
    board.put(taskOf(0));
    board.close();
    expect(new Board(board.memory).take(1)).toBeUndefined();
  });
});
