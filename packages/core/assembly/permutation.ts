/**
 * @file The order of an epoch (docs/spec.md, section 6) in WebAssembly SIMD: the rows at a range of positions, eight
 * at a time. src/random/permutation.ts says the same plainly, and the two give the same numbers.
 */
import { eightBlocks, keyBytes, setKeys } from './philox';

const opOrder: u32 = 5;

/** Positions that a call takes at most, and 7 more: what is left of eight. */
export const most: i32 = 1024;
const column: usize = 4 * (<usize>most + 8);

/** Bytes of working memory. */
export function workBytes(): usize {
  return keyBytes + 32 + 3 * column;
}

/** Writes the rounds' first words for eight numbers. */
@inline
function drawEight(keys: usize, round: u32, epoch: v128, last: v128, numbers: usize, words: usize): void {
  const op = i32x4.splat(<i32>((opOrder << 24) | round));
  const first = v128.load(numbers);
  const second = v128.load(numbers, 16);
  eightBlocks(keys, keys + keyBytes, op, epoch, first, last, op, epoch, second, last, words, true);
}

/** Changes eight halves by what was drawn for their other halves. */
@inline
function exclusiveOr(halves: usize, words: usize, mask: v128): void {
  v128.store(halves, v128.xor(v128.load(halves), v128.and(v128.load(words), mask)));
  v128.store(halves, v128.xor(v128.load(halves, 16), v128.and(v128.load(words, 16), mask)), 16);
}

/**
 * Writes the rows at `count` positions from (high, low) on to `out`, as 64-bit floats. The halves have so many digits;
 * the last row is (lastHigh, lastLow).
 */
export function permute(
  work: usize,
  out: usize,
  count: i32,
  high: u32,
  low: u32,
  highDigits: u32,
  lowDigits: u32,
  lastHigh: u32,
  lastLow: u32,
  seedLow: u32,
  seedHigh: u32,
  epoch: u32,
  firstRound: u32,
  window: u32,
): void {
  const words = work + keyBytes;
  const highs = words + 32;
  const lows = highs + column;
  const places = lows + column;
  setKeys(work, seedLow, seedHigh);
  const highMask: u32 = (1 << highDigits) - 1;
  const lowMask: u32 = (1 << lowDigits) - 1;
  const highMasks = i32x4.splat(<i32>highMask);
  const lowMasks = i32x4.splat(<i32>lowMask);
  const epochs = i32x4.splat(<i32>epoch);
  const windows = i32x4.splat(<i32>window);
  const scale = <f64>(<u64>1 << <u64>lowDigits);
  for (let index = 0; index < count; index++) {
    const at = (<usize>index) << 2;
    store<u32>(highs + at, high);
    store<u32>(lows + at, low);
    store<i32>(places + at, index);
    low = (low + 1) & lowMask;
    if (low === 0) high++;
  }
  // What falls behind the last row is walked on, together with the others of which that holds.
  while (count > 0) {
    let left = 0;
    for (let index = 0; index < count; index += 8) {
      const someHighs = highs + ((<usize>index) << 2);
      const someLows = lows + ((<usize>index) << 2);
      for (let round: u32 = 0; round < 6; round += 2) {
        drawEight(work, firstRound + round, epochs, windows, someLows, words);
        exclusiveOr(someHighs, words, highMasks);
        drawEight(work, firstRound + round + 1, epochs, windows, someHighs, words);
        exclusiveOr(someLows, words, lowMasks);
      }
      for (let lane = index, end = min(index + 8, count); lane < end; lane++) {
        const at = (<usize>lane) << 2;
        const rowHigh = load<u32>(highs + at);
        const rowLow = load<u32>(lows + at);
        const place = load<i32>(places + at);
        store<f64>(out + ((<usize>place) << 3), <f64>rowHigh * scale + <f64>rowLow);
        const kept = (<usize>left) << 2;
        store<u32>(highs + kept, rowHigh);
        store<u32>(lows + kept, rowLow);
        store<i32>(places + kept, place);
        left += <i32>(rowHigh > lastHigh || (rowHigh === lastHigh && rowLow > lastLow));
      }
    }
    count = left;
  }
}
