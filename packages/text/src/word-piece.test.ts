import { expect, test } from 'vitest';
import { trainPieces } from './word-piece.ts';

const counts = new Map([
  ['low', 5],
  ['lower', 2],
  ['newest', 6],
  ['widest', 3],
]);

test('trainPieces() merges the most frequent pair first, ties by text', () => {
  // Sennrich et al. 2016 (arXiv:1508.07909), figure 1, has these words: the first merges are "es" and
  // "est" (seen 9 times). Here pairs that begin a word differ from those inside one.
  const pieces = trainPieces(counts, { size: 40, minFrequency: 1 });
  const merges = pieces.slice(pieces.findIndex((piece) => piece.replace('##', '').length > 1));
  expect(merges.slice(0, 3)).toEqual(['##es', '##est', '##ow']);
  expect(pieces).toContain('newest');
});

test('trainPieces() learns as many pieces as asked, and none seen too seldom', () => {
  expect(trainPieces(counts, { size: 22, minFrequency: 1 })).toHaveLength(22);
  const frequent = trainPieces(counts, { size: 100, minFrequency: 5 });
  expect(frequent).toContain('low');
  expect(frequent).not.toContain('widest');
});

test('trainPieces() does not depend on the order of the words', () => {
  const reversed = new Map([...counts].reverse());
  const options = { size: 40, minFrequency: 1 };
  expect(trainPieces(reversed, options)).toEqual(trainPieces(counts, options));
});

test('trainPieces() counts pairs as a plain recount of all words does', () => {
  const words = ['banana', 'bandana', 'ananas', 'aaaa', 'aaa', 'abab', 'nab'];
  const random = new Map(words.map((word, index) => [word, 1 + ((index * 7) % 5)]));
  const fast = trainPieces(random, { size: 30, minFrequency: 1 });
  expect(fast).toEqual(plainTraining(random, 30));
});

/** The same by recounting everything for each merge. */
function plainTraining(given: ReadonlyMap<string, number>, size: number): string[] {
  const words = [...given].map(([word, count]) => ({
    pieces: [...word].map((character, index) => (index === 0 ? character : `##${character}`)),
    count,
  }));
  const pieces = [...new Set(words.flatMap((word) => word.pieces))].sort();
  while (pieces.length < size) {
    const pairs = new Map<string, number>();
    for (const word of words) {
      for (let at = 0; at + 1 < word.pieces.length; at++) {
        const key = `${word.pieces[at]} ${word.pieces[at + 1]}`;
        pairs.set(key, (pairs.get(key) ?? 0) + word.count);
      }
    }
    const order = ([a, m]: [string, number], [b, n]: [string, number]) => n - m || (a < b ? -1 : 1);
    const [best] = [...pairs].sort(order);
    if (best === undefined) break;
    const [left, right] = best[0].split(' ') as [string, string];
    const merged = left + right.slice(2);
    if (!pieces.includes(merged)) pieces.push(merged);
    for (const word of words) {
      for (let at = 0; at + 1 < word.pieces.length; at++) {
        if (word.pieces[at] === left && word.pieces[at + 1] === right)
          word.pieces.splice(at, 2, merged);
      }
    }
  }
  return pieces;
}

test('trainPieces() refuses a size that does not hold the characters', () => {
  const train = (size: number) => () => trainPieces(counts, { size, special: 5, minFrequency: 1 });
  const [, least] = /^vocabSize is 10, expected at least (\d+): 5 special tokens, and/.exec(
    messageOf(train(5)),
  )!;
  // What the message asks for is just enough.
  expect(train(Number(least) - 6)).toThrow(/^vocabSize/);
  expect(train(Number(least) - 5)()).toHaveLength(Number(least) - 5);
});

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}
