import {
  Field,
  List,
  type RecordBatch,
  Table,
  Uint16,
  Uint64,
  vectorFromArray,
} from 'apache-arrow';

const list = new List(new Field('item', new Uint16(), false));

/** A record batch in the compact layout: ids, masked positions and labels of each row. */
export function compactBatch(
  ids: readonly (readonly number[])[],
  positions: readonly (readonly number[])[],
  labels: readonly (readonly number[])[],
): RecordBatch {
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

/** Rows of ids that are all over the vocabulary, from a number on. The first tokens of each row are hidden. */
export function rowsFrom(
  first: number,
  lengths: readonly number[],
  { vocab, hidden }: { vocab: number; hidden: number },
): RecordBatch {
  let next = first;
  const id = (): number => {
    next += 7;
    return 5 + (next % (vocab - 5));
  };
  const ids = lengths.map((length) => Array.from({ length }, id));
  const positions = ids.map(({ length }) => [...Array(Math.min(hidden, length)).keys()]);
  const labels = positions.map((row) => row.map(id));
  return compactBatch(ids, positions, labels);
}
