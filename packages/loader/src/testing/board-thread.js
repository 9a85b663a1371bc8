/**
 * @file A thread that takes tasks from a board, as fast as it can, until it has taken one whose step is negative: plain
 * JavaScript, since it is run as it is.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Board } from '../../dist/pools/board.js';

const { memory, owner } = workerData;
const board = new Board(memory);
const result = {
  rows: 1,
  capacity: { inputs: 1, labels: 1 },
  selected: 0,
  started: 0,
  computed: 1,
  digests: undefined,
  contents: { rows: 1, start: 0, end: 64, nodes: [1], buffers: [0, 0, 0, 8] },
};
const taken = [];
for (;;) {
  const place = board.take(owner);
  if (place === undefined) continue;
  const { step } = board.taskAt(place).address;
  if (step >= 0) taken.push(step);
  board.writeResult(place, owner, { ...result, tokens: step });
  board.finish(place, owner);
  board.count();
  if (step < 0) break;
}
parentPort.postMessage(taken);
