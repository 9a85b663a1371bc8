/** @file What a filled slot holds, as words of shared memory. */
import type { SlotContents } from '../slot.ts';

/** Words in front of the nodes and buffers: rows, start, end, how many nodes, how many buffers. */
const header = 5;
/** Batches of a stream are often of one shape: objects that are kept. */
const mostKept = 8;

/** Writes contents at a word; false if they take more words than there is room for. */
export function writeContents(
  { rows, start, end, nodes, buffers }: SlotContents,
  words: Float64Array,
  at: number,
  room: number,
): boolean {
  if (header + nodes.length + buffers.length > room) return false;
  words[at] = rows;
  words[at + 1] = start;
  words[at + 2] = end;
  words[at + 3] = nodes.length;
  words[at + 4] = buffers.length;
  words.set(nodes, at + header);
  words.set(buffers, at + header + nodes.length);
  return true;
}

/** Reads contents; those of a shape that was read not long ago are the same object. */
export function contentsReader(): (words: Float64Array, at: number) => SlotContents {
  const kept: SlotContents[] = [];
  return (words, at) => {
    const known = kept.find((contents) => isAt(contents, words, at));
    if (known !== undefined) return known;
    const contents = readContents(words, at);
    kept.unshift(contents);
    kept.length = Math.min(kept.length, mostKept);
    return contents;
  };
}

function readContents(words: Float64Array, at: number): SlotContents {
  const behindNodes = at + header + words[at + 3]!;
  return {
    rows: words[at]!,
    start: words[at + 1]!,
    end: words[at + 2]!,
    nodes: [...words.subarray(at + header, behindNodes)],
    buffers: [...words.subarray(behindNodes, behindNodes + words[at + 4]!)],
  };
}

function isAt(
  { rows, start, end, nodes, buffers }: SlotContents,
  words: Float64Array,
  at: number,
): boolean {
  return (
    words[at] === rows &&
    words[at + 1] === start &&
    words[at + 2] === end &&
    words[at + 3] === nodes.length &&
    words[at + 4] === buffers.length &&
    nodes.every((length, index) => words[at + header + index] === length) &&
    buffers.every((value, index) => words[at + header + nodes.length + index] === value)
  );
}
