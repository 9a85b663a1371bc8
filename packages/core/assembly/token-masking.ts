/**
 * @file The token strategy (docs/spec.md, section 3) in WebAssembly SIMD, written in AssemblyScript. Two
 * times four blocks of Philox at once give the draws of 64 tokens: a round waits for the one before it, so
 * that two chains side by side fill the time. src/strategies/token-masking.ts says the same plainly, and the
 * two give the same bytes.
 */

const multiplier0: u32 = 0xd2511f53;
const multiplier1: u32 = 0xcd9e8d57;
const weyl0: u32 = 0x9e3779b9;
const weyl1: u32 = 0xbb67ae85;
const opToken: u32 = 2 << 24;
const ignoredLabel: i32 = -100;

/** Tokens that one round of the loop masks: the caller's columns have room up to a multiple of it. */
const group: i32 = 64;

let key0: u32 = 0;
let key1: u32 = 0;
let counter1: u32 = 0;
let counter2: u32 = 0;
let counter3: u32 = 0;

let maskBelow: u32 = 0;
let randomBelow: u32 = 0;
let selectBelow: u32 = 0;

let size: u32 = 0;
let maskId: u32 = 0;
let ranges: usize = 0;
let rangeCount: i32 = 0;
let allowed: usize = 0;
let allowedCount: u32 = 0;

/**
 * Sets what is the same for every sample. The thresholds are from 1 to 65536; `ranges` points at pairs (first
 * special id, how many more), `waitingAt` at room for as many numbers as the longest sample has tokens, and 20.
 */
export function configure(
  mask: u32,
  random: u32,
  select: u32,
  vocabSize: u32,
  vocabMaskId: u32,
  rangesAt: usize,
  ranged: i32,
  allowedAt: usize,
  allowedIds: u32,
  waitingAt: usize,
): void {
  maskBelow = mask;
  randomBelow = random;
  selectBelow = select;
  size = vocabSize;
  maskId = vocabMaskId;
  ranges = rangesAt;
  rangeCount = ranged;
  allowed = allowedAt;
  allowedCount = allowedIds;
  replacedAt = waitingAt;
}

/** Where positions wait for a random token, and how many do. */
let replacedAt: usize = 0;
let replacedCount: i32 = 0;

/** Draws the random tokens of the positions that wait, four at a time. */
function replace(inputIds: usize): void {
  const m0 = i32x4.splat(<i32>multiplier0);
  const m1 = i32x4.splat(<i32>multiplier1);
  const w0 = i32x4.splat(<i32>weyl0);
  const w1 = i32x4.splat(<i32>weyl1);
  // What stands behind the last position is drawn for as well, but written nowhere.
  const words = replacedAt + ((<usize>replacedCount + 4) << 2);
  for (let index = 0; index < replacedCount; index += 4) {
    const positions = v128.load(replacedAt + ((<usize>index) << 2));
    let c0 = v128.or(i32x4.splat(<i32>opToken), i32x4.shr_u(positions, 2));
    let c1 = i32x4.splat(<i32>counter1);
    let c2 = i32x4.splat(<i32>counter2);
    let c3 = i32x4.splat(<i32>counter3);
    let k0 = i32x4.splat(<i32>key0);
    let k1 = i32x4.splat(<i32>key1);
    for (let round = 0; round < 10; round++) {
      const p0 = i64x2.extmul_low_i32x4_u(c0, m0);
      const q0 = i64x2.extmul_high_i32x4_u(c0, m0);
      const p1 = i64x2.extmul_low_i32x4_u(c2, m1);
      const q1 = i64x2.extmul_high_i32x4_u(c2, m1);
      c0 = v128.xor(v128.shuffle<i32>(p1, q1, 1, 3, 5, 7), v128.xor(c1, k0));
      c1 = v128.shuffle<i32>(p1, q1, 0, 2, 4, 6);
      c2 = v128.xor(v128.shuffle<i32>(p0, q0, 1, 3, 5, 7), v128.xor(c3, k1));
      c3 = v128.shuffle<i32>(p0, q0, 0, 2, 4, 6);
      k0 = i32x4.add(k0, w0);
      k1 = i32x4.add(k1, w1);
    }
    v128.store(words, c0);
    v128.store(words, c1, 16);
    v128.store(words, c2, 32);
    v128.store(words, c3, 48);
    for (let lane = 0, end = min(4, replacedCount - index); lane < end; lane++) {
      const position = load<u32>(replacedAt + ((<usize>(index + lane)) << 2));
      const word = load<u32>(words + (((<usize>position & 3) << 4) | ((<usize>lane) << 2)));
      const choice = <usize>((<u64>word * <u64>allowedCount) >> 32);
      store<u32>(inputIds + ((<usize>position) << 2), load<u32>(allowed + (choice << 2)));
    }
  }
}

/** Which of the ids, in lanes of their own width, are special: all ones where so. */
// @ts-ignore: decorator
@inline
function isSpecial<Id>(ids: v128): v128 {
  let special = i32x4.splat(0);
  let at = ranges;
  for (let index = 0; index < rangeCount; index++) {
    const offset = v128.sub<Id>(ids, v128.load_splat<Id>(at));
    special = v128.or(special, v128.le<Id>(offset, v128.load_splat<Id>(at, 4)));
    at += 8;
  }
  return special;
}

/** Masks 32 tokens by the words of four blocks; returns how many it selected. */
// @ts-ignore: decorator
@inline
function maskFour<Id>(
  selectMost: v128,
  randomMost: v128,
  maskMost: v128,
  maskIds: v128,
  ignored: v128,
  c0: v128,
  c1: v128,
  c2: v128,
  c3: v128,
  position: i32,
  ids: usize,
  inputIds: usize,
  labels: usize,
): i32 {
  // From a vector for each word of four blocks to a vector for each block: 8 draws in order.
  const a = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5);
  const b = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5);
  const c = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7);
  const d = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
  let selected = maskBlock<Id>(selectMost, randomMost, maskMost, maskIds, ignored, v128.shuffle<i64>(a, b, 0, 2), position, ids, inputIds, labels);
  selected += maskBlock<Id>(selectMost, randomMost, maskMost, maskIds, ignored, v128.shuffle<i64>(a, b, 1, 3), position + 8, ids, inputIds, labels);
  selected += maskBlock<Id>(selectMost, randomMost, maskMost, maskIds, ignored, v128.shuffle<i64>(c, d, 0, 2), position + 16, ids, inputIds, labels);
  return selected + maskBlock<Id>(selectMost, randomMost, maskMost, maskIds, ignored, v128.shuffle<i64>(c, d, 1, 3), position + 24, ids, inputIds, labels);
}

/** Masks 8 tokens by the 8 draws of a block; returns how many it selected. */
// @ts-ignore: decorator
@inline
function maskBlock<Id>(
  selectMost: v128,
  randomMost: v128,
  maskMost: v128,
  maskIds: v128,
  ignored: v128,
  draws: v128,
  position: i32,
  ids: usize,
  inputIds: usize,
  labels: usize,
): i32 {
  let ids0: v128;
  let ids1: v128;
  let special: v128;
  const offset = (<usize>position) << 2;
  if (sizeof<Id>() === 2) {
    const narrow = v128.load(ids + ((<usize>position) << 1));
    special = isSpecial<Id>(narrow);
    ids0 = i32x4.extend_low_i16x8_u(narrow);
    ids1 = i32x4.extend_high_i16x8_u(narrow);
  } else {
    ids0 = v128.load(ids + offset);
    ids1 = v128.load(ids + offset, 16);
    special = i16x8.narrow_i32x4_s(isSpecial<Id>(ids0), isSpecial<Id>(ids1));
  }
  const selected = v128.andnot(i16x8.le_u(draws, selectMost), special);
  const masked = v128.and(selected, i16x8.le_u(draws, maskMost));
  const replaced = v128.andnot(v128.and(selected, i16x8.le_u(draws, randomMost)), masked);
  const labelled = labels + offset;
  const shown = inputIds + offset;
  v128.store(labelled, v128.bitselect(ids0, ignored, i32x4.extend_low_i16x8_s(selected)));
  v128.store(labelled, v128.bitselect(ids1, ignored, i32x4.extend_high_i16x8_s(selected)), 16);
  v128.store(shown, v128.bitselect(maskIds, ids0, i32x4.extend_low_i16x8_s(masked)));
  v128.store(shown, v128.bitselect(maskIds, ids1, i32x4.extend_high_i16x8_s(masked)), 16);
  let left = i16x8.bitmask(replaced);
  while (left !== 0) {
    store<i32>(replacedAt + ((<usize>replacedCount) << 2), position + ctz(left));
    replacedCount++;
    left &= left - 1;
  }
  return popcnt(i16x8.bitmask(selected));
}

// @ts-ignore: decorator
@inline
function maskSample<Id>(ids: usize, length: i32, inputIds: usize, labels: usize): i32 {
  // The mask id is special, so that what fills the last group is never selected.
  const filled = (length + group - 1) & -group;
  for (let index = length; index < filled; index++) {
    store<Id>(ids + <usize>index * sizeof<Id>(), <Id>maskId);
  }

  const m0 = i32x4.splat(<i32>multiplier0);
  const m1 = i32x4.splat(<i32>multiplier1);
  const w0 = i32x4.splat(<i32>weyl0);
  const w1 = i32x4.splat(<i32>weyl1);
  const each = i32x4(0, 1, 2, 3);
  // At most one less than the threshold: 65536 itself does not fit 16 bits.
  const selectMost = i16x8.splat(<i16>(selectBelow - 1));
  const randomMost = i16x8.splat(<i16>(randomBelow - 1));
  const maskMost = i16x8.splat(<i16>(maskBelow - 1));
  const maskIds = i32x4.splat(<i32>maskId);
  const ignored = i32x4.splat(ignoredLabel);
  let largest = i32x4.splat(0);
  replacedCount = 0;
  let selected = 0;
  for (let position = 0; position < filled; position += group) {
    let at = ids + <usize>position * sizeof<Id>();
    for (const end = at + <usize>group * sizeof<Id>(); at < end; at += 16) {
      largest = v128.max<Id>(largest, v128.load(at));
    }
    let c0 = i32x4.add(i32x4.splat(position >> 3), each);
    let c1 = i32x4.splat(<i32>counter1);
    let c2 = i32x4.splat(<i32>counter2);
    let c3 = i32x4.splat(<i32>counter3);
    let d0 = i32x4.add(c0, i32x4.splat(4));
    let d1 = c1;
    let d2 = c2;
    let d3 = c3;
    let k0 = i32x4.splat(<i32>key0);
    let k1 = i32x4.splat(<i32>key1);
    for (let round = 0; round < 10; round++) {
      const p0 = i64x2.extmul_low_i32x4_u(c0, m0);
      const q0 = i64x2.extmul_high_i32x4_u(c0, m0);
      const r0 = i64x2.extmul_low_i32x4_u(d0, m0);
      const s0 = i64x2.extmul_high_i32x4_u(d0, m0);
      const p1 = i64x2.extmul_low_i32x4_u(c2, m1);
      const q1 = i64x2.extmul_high_i32x4_u(c2, m1);
      const r1 = i64x2.extmul_low_i32x4_u(d2, m1);
      const s1 = i64x2.extmul_high_i32x4_u(d2, m1);
      c0 = v128.xor(v128.shuffle<i32>(p1, q1, 1, 3, 5, 7), v128.xor(c1, k0));
      d0 = v128.xor(v128.shuffle<i32>(r1, s1, 1, 3, 5, 7), v128.xor(d1, k0));
      c1 = v128.shuffle<i32>(p1, q1, 0, 2, 4, 6);
      d1 = v128.shuffle<i32>(r1, s1, 0, 2, 4, 6);
      c2 = v128.xor(v128.shuffle<i32>(p0, q0, 1, 3, 5, 7), v128.xor(c3, k1));
      d2 = v128.xor(v128.shuffle<i32>(r0, s0, 1, 3, 5, 7), v128.xor(d3, k1));
      c3 = v128.shuffle<i32>(p0, q0, 0, 2, 4, 6);
      d3 = v128.shuffle<i32>(r0, s0, 0, 2, 4, 6);
      k0 = i32x4.add(k0, w0);
      k1 = i32x4.add(k1, w1);
    }
    selected += maskFour<Id>(selectMost, randomMost, maskMost, maskIds, ignored, c0, c1, c2, c3, position, ids, inputIds, labels);
    selected += maskFour<Id>(selectMost, randomMost, maskMost, maskIds, ignored, d0, d1, d2, d3, position + 32, ids, inputIds, labels);
  }
  if (sizeof<Id>() === 2) {
    largest = i32x4.max_u(
      i32x4.extend_low_i16x8_u(largest),
      i32x4.extend_high_i16x8_u(largest),
    );
  }
  const most = max(
    max(<u32>i32x4.extract_lane(largest, 0), <u32>i32x4.extract_lane(largest, 1)),
    max(<u32>i32x4.extract_lane(largest, 2), <u32>i32x4.extract_lane(largest, 3)),
  );
  replace(inputIds);
  return most < size ? selected : -1;
}

/**
 * Masks a sample; returns how many tokens it selected, -1 where an id is not in the vocabulary. `bytes`,
 * 2 or 4, is the width of its ids; what it writes is of 4 bytes each.
 */
export function mask(
  ids: usize,
  bytes: i32,
  length: i32,
  inputIds: usize,
  labels: usize,
  seedLow: u32,
  seedHigh: u32,
  epoch: u32,
  sampleLow: u32,
  sampleHigh: u32,
): i32 {
  key0 = seedLow;
  key1 = seedHigh;
  counter1 = epoch;
  counter2 = sampleLow;
  counter3 = sampleHigh;
  return bytes === 2
    ? maskSample<u16>(ids, length, inputIds, labels)
    : maskSample<u32>(ids, length, inputIds, labels);
}
