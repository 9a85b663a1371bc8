/** A history of bounded length. */
export interface Series<Item> {
  add(item: Item): void;
  /** The oldest first. */
  items(): readonly Item[];
}

/**
 * Keeps a history of at most `capacity` items (an even number). Where it is full, neighbours are joined, two into one, and from
 * then on as many more as that are joined into each: old and new stand equally close.
 *
 * @param join makes one item of two neighbours, the older first
 */
export function createSeries<Item>(
  capacity: number,
  join: (older: Item, newer: Item) => Item,
): Series<Item> {
  let items: Item[] = [];
  /** How many added items make one, and how many the last one has. */
  let stride = 1;
  let filled = 1;
  return {
    add(item) {
      if (items.length > 0 && filled < stride) {
        items.push(join(items.pop()!, item));
        filled++;
        return;
      }
      if (items.length === capacity) {
        items = joinPairs(items, join);
        stride *= 2;
      }
      items.push(item);
      filled = 1;
    },
    items: () => items,
  };
}

function joinPairs<Item>(items: readonly Item[], join: (older: Item, newer: Item) => Item): Item[] {
  return Array.from({ length: items.length / 2 }, (_, index) =>
    join(items[2 * index]!, items[2 * index + 1]!),
  );
}
