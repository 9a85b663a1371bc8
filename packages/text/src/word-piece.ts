/**
 * @file Trains WordPiece as Hugging Face's trainer does: byte-pair merges over the counts of words, where
 * pieces that continue a word carry "##". The pair seen most often is merged first; ties go to the pair
 * whose text sorts first, so that the same text always gives the same vocabulary.
 */
import { ArgumentError } from '@maskloom/core';
import TinyQueue from 'tinyqueue';

const prefix = '##';

/** Options of {@linkcode trainPieces}. */
export interface PieceOptions {
  /** Number of pieces to learn, characters included. */
  readonly size: number;
  /** Special tokens that the vocabulary has besides. Default 0. */
  readonly special?: number;
  /** Pairs seen less often are not merged. */
  readonly minFrequency: number;
}

interface Word {
  readonly pieces: number[];
  readonly count: number;
}

/**
 * Learns pieces from the counts of words.
 *
 * @returns the pieces: first the characters, then the merges in the order they were made
 * @throws {ArgumentError} if `size` does not even hold the characters.
 */
export function trainPieces(counts: ReadonlyMap<string, number>, options: PieceOptions): string[] {
  const { size, special = 0, minFrequency } = options;
  const ids = new Map<string, number>();
  const pieces: string[] = [];
  const idOf = (piece: string): number => {
    let id = ids.get(piece);
    if (id === undefined) {
      id = pieces.length;
      ids.set(piece, id);
      pieces.push(piece);
    }
    return id;
  };

  // Sorted, so that ids do not depend on which word came first.
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  const characters = new Set<string>();
  for (const [word] of sorted) for (const piece of splitCharacters(word)) characters.add(piece);
  for (const piece of [...characters].sort()) idOf(piece);
  if (pieces.length > size) {
    throw new ArgumentError(
      'vocabSize',
      `at least ${special + pieces.length}: ${special} special tokens, and ${pieces.length} characters (at the start of a word, or inside) that the text has`,
      special + size,
    );
  }
  const words: Word[] = sorted.map(([word, count]) => ({
    pieces: splitCharacters(word).map(idOf),
    count,
  }));

  const pairs = new PairCounts(pieces);
  for (const [index, word] of words.entries()) pairs.addWord(word, index);
  while (pieces.length < size) {
    const best = pairs.mostFrequent(minFrequency);
    if (best === undefined) break;
    const merged = idOf(join(pieces[best.left]!, pieces[best.right]!));
    for (const index of best.words) {
      const word = words[index]!;
      pairs.removeWord(word);
      merge(word.pieces, best.left, best.right, merged);
      pairs.addWord(word, index);
    }
  }
  return pieces;
}

function splitCharacters(word: string): string[] {
  return [...word].map((character, index) => (index === 0 ? character : prefix + character));
}

function join(left: string, right: string): string {
  return left + right.slice(prefix.length);
}

/** Replaces each (left, right) by the merged piece. */
function merge(pieces: number[], left: number, right: number, merged: number): void {
  let end = 0;
  for (let index = 0; index < pieces.length; index++) {
    if (pieces[index] === left && pieces[index + 1] === right) {
      pieces[end++] = merged;
      index++;
    } else pieces[end++] = pieces[index]!;
  }
  pieces.length = end;
}

interface Pair {
  readonly left: number;
  readonly right: number;
  count: number;
  /** Words that hold the pair, or once did. */
  readonly words: Set<number>;
}

/** A pair's count when it was queued; out of date once the pair's count differs. */
interface QueuedPair {
  readonly pair: Pair;
  readonly count: number;
}

/** How often each pair of neighbours is seen, with the most frequent at hand. */
class PairCounts {
  readonly #pairs = new Map<number, Pair>();
  readonly #changed = new Set<Pair>();
  readonly #queue: TinyQueue<QueuedPair>;

  constructor(pieces: readonly string[]) {
    this.#queue = new TinyQueue<QueuedPair>(
      [],
      (a, b) =>
        b.count - a.count ||
        compare(pieces[a.pair.left]!, pieces[b.pair.left]!) ||
        compare(pieces[a.pair.right]!, pieces[b.pair.right]!),
    );
  }

  addWord({ pieces, count }: Word, index: number): void {
    for (let at = 0; at + 1 < pieces.length; at++) {
      const pair = this.#pair(pieces[at]!, pieces[at + 1]!);
      pair.count += count;
      pair.words.add(index);
      this.#changed.add(pair);
    }
  }

  removeWord({ pieces, count }: Word): void {
    for (let at = 0; at + 1 < pieces.length; at++) {
      const pair = this.#pair(pieces[at]!, pieces[at + 1]!);
      pair.count -= count;
      this.#changed.add(pair);
    }
  }

  /** The most frequent pair that is seen at least `least` times. */
  mostFrequent(least: number): Pair | undefined {
    for (const pair of this.#changed) {
      if (pair.count >= least) this.#queue.push({ pair, count: pair.count });
    }
    this.#changed.clear();
    for (let top = this.#queue.pop(); top !== undefined; top = this.#queue.pop()) {
      if (top.count === top.pair.count) return top.pair;
    }
    return undefined;
  }

  #pair(left: number, right: number): Pair {
    const key = left * 2 ** 26 + right;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      pair = { left, right, count: 0, words: new Set() };
      this.#pairs.set(key, pair);
    }
    return pair;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
