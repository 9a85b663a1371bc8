/**
 * @file Tokens that a random one replaces wait in a list, so that their draws are made eight at a time, across the
 * samples of a batch.
 */
import { drawBlocks } from './philox';
import { epochOf, sampleHighOf, sampleLowOf } from './row';

const opToken: u32 = 2;

/** Entries that the list holds; how many are added at most before `flushRandomTokens` is asked again. */
const room: i32 = 1024;
export const mostAdded: i32 = 64;

/** The list has five columns of this many bytes: position, epoch, sample low and high, address of the row's ids. */
const column: usize = 4 * (<usize>room + 16);
/** Entries that are drawn together. */
const drawn: i32 = 64;
export const randomTokenBytes: usize = 5 * column + 16 * <usize>drawn;

let list: usize = 0;
let allowed: usize = 0;
let allowedCount: u32 = 0;
let count: i32 = 0;
/** How many entries have all their columns. */
let complete: i32 = 0;

/** Sets where the list stands, and the ids that a random token can be. */
export function configureRandomTokens(listAt: usize, allowedAt: usize, allowedIds: u32): void {
  list = listAt;
  allowed = allowedAt;
  allowedCount = allowedIds;
  forgetRandomTokens();
}

/** Empties the list. */
export function forgetRandomTokens(): void {
  count = 0;
  complete = 0;
}

/** Adds the positions whose bits are set, counted from `position`. */
@inline
export function addPositions(position: i32, bits: u64): void {
  let at = list + ((<usize>count) << 2);
  count += <i32>popcnt(bits);
  // Three are written whether they are there or not: few words have more, and a branch not taken costs less.
  store<u32>(at, position + <i32>ctz(bits));
  bits &= bits - 1;
  store<u32>(at, position + <i32>ctz(bits), 4);
  bits &= bits - 1;
  store<u32>(at, position + <i32>ctz(bits), 8);
  bits &= bits - 1;
  while (bits !== 0) {
    store<u32>(at, position + <i32>ctz(bits), 12);
    at += 4;
    bits &= bits - 1;
  }
}

/** Adds a position if `wanted` is 1, nothing if it is 0. */
@inline
export function addPosition(position: i32, wanted: i32): void {
  store<u32>(list + ((<usize>count) << 2), position);
  count += wanted;
}

/** Says of which row the positions added since the last call are. */
export function completeRow(row: usize, inputIds: usize): void {
  const where = i32x4.splat(<i32>inputIds);
  const epoch = i32x4.splat(<i32>epochOf(row));
  const low = i32x4.splat(<i32>sampleLowOf(row));
  const high = i32x4.splat(<i32>sampleHighOf(row));
  for (let index = complete; index < count; index += 4) {
    const at = list + ((<usize>index) << 2);
    v128.store(at + column, epoch);
    v128.store(at + 2 * column, low);
    v128.store(at + 3 * column, high);
    v128.store(at + 4 * column, where);
  }
  complete = count;
}

/** Whether the list has no room for `mostAdded` more. */
@inline
export function isFull(): bool {
  return count > room - mostAdded;
}

/** Draws the random tokens that wait, and writes them. */
export function flushRandomTokens(keys: usize): void {
  const words = list + 5 * column;
  for (let index = 0; index < count; index += drawn) {
    const here = min(drawn, count - index);
    let at = list + ((<usize>index) << 2);
    drawBlocks(opToken, 0, here, keys, 0, 0, 0, words, at, column);
    let block = words;
    for (const end = at + ((<usize>here) << 2); at < end; at += 4) {
      const position = <usize>load<u32>(at);
      const word = load<u32>(block + ((position & 3) << 2));
      const choice = <usize>((<u64>word * <u64>allowedCount) >> 32);
      store<u32>(<usize>load<u32>(at + 4 * column) + (position << 2), load<u32>(allowed + (choice << 2)));
      block += 16;
    }
  }
  forgetRandomTokens();
}
