import assert from 'node:assert/strict';
import { compactBatch } from '../testing/compact-batch.ts';
import { hostBatch } from './batch.ts';

const shape = { length: 4, vocab: 20, padId: 0, hasUnlikeRows: false };

Deno.test('hostBatch() pads rows to a common width and masked positions to a multiple of 64', () => {
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
  assert.deepEqual([...batch.segments], [1, 1, 1, 0, 1, 1, 1, 1]);
  assert.deepEqual([...batch.places], [0, 1, 2, 0, 0, 1, 2, 3]);
  assert.equal(batch.picked.length, 64);
  assert.deepEqual([...batch.picked.subarray(0, 3)], [1, 6, -1]);
  assert.deepEqual([...batch.pickedAt], [64, 0, 64, 64, 64, 64, 1, 64]);
  assert.deepEqual([...batch.labels.subarray(0, 3)], [7, 8, 0]);
  assert.equal(
    batch.weights.reduce((sum, weight) => sum + weight, 0),
    2,
  );
  assert.deepEqual([batch.masked, batch.tokens, batch.rows, batch.height], [2, 7, 2, 2]);
});

Deno.test('hostBatch() drops no masked position, however many there are', () => {
  const ids = Array.from({ length: 70 }, () => [4, 4, 4, 4]);
  const positions = ids.map(() => [0, 1, 2, 3]);
  const batch = hostBatch(compactBatch(ids, positions, positions), shape);
  assert.deepEqual([batch.masked, batch.picked.length], [280, 320]);
});

Deno.test('hostBatch() refuses rows longer than the model and ids beyond its vocabulary', () => {
  const long = compactBatch([[2, 5, 6, 7, 3]], [[]], [[]]);
  assert.throws(() => hostBatch(long, shape), {
    code: 'DATA',
    message:
      "A row has 5 tokens, expected at most the model's 4: give --length 0 for the longest sample, or serve data encoded with --max-length 4 or less",
  });
  const strange = compactBatch([[2, 20, 3]], [[]], [[]]);
  assert.throws(
    () => hostBatch(strange, shape),
    /^TrainingError: A row has the id 20, expected ids below the vocabulary's size, 20: /,
  );
});

Deno.test('hostBatch() of some rows has these alone, and says which they are', () => {
  const whole = compactBatch(
    [
      [2, 3],
      [2, 9, 4, 3],
      [2, 4, 3],
    ],
    [[], [2], [1]],
    [[], [8], [7]],
  );
  const part = hostBatch(whole, shape, { from: 1, to: 3 });
  assert.deepEqual([part.firstRow, part.rows, part.masked, part.tokens], [1, 2, 2, 7]);
  assert.deepEqual([...part.ids], [2, 9, 4, 3, 2, 4, 3, 0]);
  assert.deepEqual([...part.picked.subarray(0, 3)], [2, 5, -1]);
});

Deno.test('hostBatch() is as wide as the longest row needs, in steps of 64, at most as the model', () => {
  const ids = (length: number): number[] => Array.from({ length }, () => 7);
  const width = (...lengths: number[]): number => {
    const none = lengths.map(() => []);
    return hostBatch(compactBatch(lengths.map(ids), none, none), { ...shape, length: 150 }).width;
  };
  assert.deepEqual([width(1), width(64, 5), width(65), width(130)], [64, 64, 128, 150]);
});

Deno.test('hostBatch() pads rows where batches have unlike numbers of them', () => {
  const rows = Array.from({ length: 9 }, () => [2, 4, 3]);
  const none = rows.map(() => []);
  const batch = hostBatch(compactBatch(rows, none, none), { ...shape, hasUnlikeRows: true });
  assert.deepEqual([batch.rows, batch.height, batch.tokens], [9, 12, 27]);
  assert.deepEqual([...batch.ids.subarray(32, 40)], [2, 4, 3, 0, 0, 0, 0, 0]);
  assert.deepEqual([...batch.segments.subarray(32, 40)], [1, 1, 1, 0, 0, 0, 0, 0]);
});
