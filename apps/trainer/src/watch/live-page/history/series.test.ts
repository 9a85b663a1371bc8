import assert from 'node:assert/strict';
import { createSeries } from './series.ts';

interface Item {
  readonly first: number;
  readonly last: number;
}

Deno.test('a series never holds more than its capacity, and every item is in it once, in order', () => {
  const capacity = 8;
  const series = createSeries<Item>(capacity, (older, newer) => {
    assert.equal(newer.first, older.last + 1);
    return { first: older.first, last: newer.last };
  });
  for (let count = 1; count <= 1000; count++) {
    series.add({ first: count, last: count });
    const items = series.items();
    assert.ok(items.length <= capacity && items.length >= Math.min(count, capacity / 2));
    assert.deepEqual([items[0]?.first, items.at(-1)?.last], [1, count]);
    items.slice(1).forEach((item, index) => {
      assert.equal(item.first, items[index]!.last + 1);
    });
    // All but the last stand for equally many.
    const sizes = new Set(items.slice(0, -1).map((item) => item.last - item.first));
    assert.ok(sizes.size <= 1);
  }
});
