import assert from 'node:assert/strict';
import {
  Field,
  List,
  type RecordBatch,
  Table,
  Uint16,
  Uint64,
  vectorFromArray,
} from 'apache-arrow';
import { hostBatch } from './batch.ts';

const list = new List(new Field('item', new Uint16(), false));

function compactBatch(ids: number[][], positions: number[][], labels: number[][]): RecordBatch {
  const table = new Table({
    sample: vectorFromArray(
      ids.map((_, index) => BigInt(index)),
      new Uint64(),
    ),
    input_ids: vectorFromArray(ids, list),
    masked_positions: vectorFromArray(positions, list),
    masked_labels: vectorFromArray(labels, list),
  });
  return table.batches[0]!;
}

const shape = { length: 4, vocab: 20, padId: 0 };

Deno.test('hostBatch() pads rows to the model and masked positions to a multiple of 64', () => {
  const batch = hostBatch(
    compactBatch(
      [
        [2, 4, 3],
        [2, 9, 4, 3],
      ],
      [[1], [2]],
      [[7], [8]],
    ),
    shape,
  );
  assert.deepEqual([...batch.ids], [2, 4, 3, 0, 2, 9, 4, 3]);
  assert.deepEqual([...batch.attention], [1, 1, 1, 0, 1, 1, 1, 1]);
  assert.equal(batch.positions.length, 64);
  assert.deepEqual([...batch.positions.subarray(0, 3)], [1, 6, -1]);
  assert.deepEqual([...batch.labels.subarray(0, 3)], [7, 8, 0]);
  assert.equal(
    batch.weights.reduce((sum, weight) => sum + weight, 0),
    2,
  );
  assert.deepEqual([batch.masked, batch.tokens, batch.rows], [2, 7, 2]);
});

Deno.test('hostBatch() drops no masked position, however many there are', () => {
  const ids = Array.from({ length: 70 }, () => [4, 4, 4, 4]);
  const positions = ids.map(() => [0, 1, 2, 3]);
  const batch = hostBatch(compactBatch(ids, positions, positions), shape);
  assert.deepEqual([batch.masked, batch.positions.length], [280, 320]);
});

Deno.test('hostBatch() refuses rows longer than the model and ids beyond its vocabulary', () => {
  const long = compactBatch([[2, 5, 6, 7, 3]], [[]], [[]]);
  assert.throws(() => hostBatch(long, shape), /row 0 is 5, expected at most the model's 4 tokens/);
  const strange = compactBatch([[2, 20, 3]], [[]], [[]]);
  assert.throws(
    () => hostBatch(strange, shape),
    /id is 20, expected below the model's vocabulary 20/,
  );
});
