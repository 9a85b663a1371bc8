import assert from 'node:assert/strict';
import { type Ladder, rungOf } from './rung.ts';

const rungsTo = (most: number, ladder: Ladder): number[] => [
  ...new Set(Array.from({ length: most }, (_, index) => rungOf(index + 1, ladder))),
];

Deno.test('there are so many rungs from one power of two to the next, all of them multiples of the least', () => {
  const two = { least: 1, perOctave: 2 };
  assert.deepEqual(rungsTo(64, two), [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]);
  const four = { least: 64, perOctave: 4 };
  assert.deepEqual(rungsTo(1024, four), [
    ...[64, 128, 192, 256, 320, 384, 448, 512],
    ...[640, 768, 896, 1024],
  ]);
  assert.equal(rungOf(0, four), 0);
});

Deno.test('a count is rounded up, by less than a rung', () => {
  for (const perOctave of [1, 2, 4]) {
    for (let count = 1; count < 3000; count++) {
      const rung = rungOf(count, { least: 1, perOctave });
      assert.ok(rung >= count && rung < (1 + 1 / perOctave) * count, `${count}: ${rung}`);
    }
  }
});
