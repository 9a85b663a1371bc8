/**
 * @file The token strategy (docs/spec.md, section 3) in WebAssembly SIMD, for the rows of a batch.
 * src/strategies/token-masking.ts says the same plainly, and the two give the same bytes.
 */
import { drawBlocks, keyBytes, setKeys } from './philox';
import {
  addPositions,
  completeRow,
  configureRandomTokens,
  flushRandomTokens,
  forgetRandomTokens,
  isFull,
  randomTokenBytes,
} from './random-tokens';
import {
  endOf,
  epochOf,
  fill,
  idsOf,
  lengthOf,
  longestRow,
  mostWork,
  rowBytes,
  sampleHighOf,
  sampleLowOf,
  startOf,
} from './row';

const opSelect: u32 = 0;
const ignoredLabel: i32 = -100;

/** Tokens that are looked at together: ids have room up to a multiple of it. */
const group: i32 = 64;
/** Tokens whose draws are made together: what is written meanwhile has time to leave for memory. */
const drawn: i32 = 256;

let maskBelow: i32 = 0;
let randomBelow: i32 = 0;
let selectBelow: i32 = 0;
let size: u32 = 0;
let maskId: u32 = 0;
let padId: i32 = 0;
/** Ids from here … */
let plainFrom: u32 = 0;
/** … to here are not special. */
let plainMost: u32 = 0;
let ranges: usize = 0;
let rangeCount: i32 = 0;

let keys: usize = 0;
let draws: usize = 0;
/** The last tokens of a row, where they are fewer than 16: ids, then labels. */
let rest: usize = 0;
/** For each group of a row, a bit for each token that is not selected, then one for each that a random one replaces. */
let groupBits: usize = 0;
const groupBytes: usize = 16;

/** Bytes of working memory. */
const workBytes: usize = keyBytes + randomTokenBytes + 2 * drawn + 128 + groupBytes * (longestRow / group + 1);
if (workBytes > mostWork) ERROR('The kernel takes more than mostWork');

/**
 * Sets what is the same for every row. The thresholds are from 1 to 65536; `rangesAt` points at pairs (first
 * special id, how many more).
 */
export function configure(
  mask: i32,
  random: i32,
  select: i32,
  vocabSize: u32,
  vocabMaskId: u32,
  vocabPadId: i32,
  from: u32,
  most: u32,
  rangesAt: usize,
  ranged: i32,
  allowedAt: usize,
  allowedIds: u32,
  work: usize,
): void {
  maskBelow = mask;
  randomBelow = random;
  selectBelow = select;
  size = vocabSize;
  maskId = vocabMaskId;
  padId = vocabPadId;
  plainFrom = from;
  plainMost = most;
  ranges = rangesAt;
  rangeCount = ranged;
  keys = work;
  configureRandomTokens(work + keyBytes, allowedAt, allowedIds);
  draws = work + keyBytes + randomTokenBytes;
  rest = draws + 2 * drawn;
  groupBits = rest + 128;
}

/** Which of the ids, in lanes of their own width, are special: all ones where so. */
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

/** Masks 8 tokens by their draws; returns which are not selected. */
@inline
function maskEight<Id>(
  isPlain: bool,
  draw: v128,
  selectMost: v128,
  maskMost: v128,
  maskIds: v128,
  ignored: v128,
  ids: usize,
  inputIds: usize,
  labels: usize,
): v128 {
  let unselected = i16x8.gt_s(draw, selectMost);
  if (sizeof<Id>() === 2) {
    const id = v128.load(ids);
    if (!isPlain) unselected = v128.or(unselected, isSpecial<Id>(id));
    // Two halves make 32 bits: zeros above an id, ones above the low half of -100.
    const label = v128.bitselect(ignored, id, unselected);
    v128.store(labels, v128.shuffle<i16>(label, unselected, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(labels, v128.shuffle<i16>(label, unselected, 4, 12, 5, 13, 6, 14, 7, 15), 16);
    const unmasked = v128.or(unselected, i16x8.gt_s(draw, maskMost));
    const shown = v128.bitselect(id, maskIds, unmasked);
    v128.store(inputIds, i32x4.extend_low_i16x8_u(shown));
    v128.store(inputIds, i32x4.extend_high_i16x8_u(shown), 16);
  } else {
    const ids0 = v128.load(ids);
    const ids1 = v128.load(ids, 16);
    if (!isPlain) {
      const special = i16x8.narrow_i32x4_s(isSpecial<Id>(ids0), isSpecial<Id>(ids1));
      unselected = v128.or(unselected, special);
    }
    v128.store(labels, v128.bitselect(ignored, ids0, i32x4.extend_low_i16x8_s(unselected)));
    v128.store(labels, v128.bitselect(ignored, ids1, i32x4.extend_high_i16x8_s(unselected)), 16);
    const unmasked = v128.or(unselected, i16x8.gt_s(draw, maskMost));
    v128.store(inputIds, v128.bitselect(ids0, maskIds, i32x4.extend_low_i16x8_s(unmasked)));
    v128.store(inputIds, v128.bitselect(ids1, maskIds, i32x4.extend_high_i16x8_s(unmasked)), 16);
  }
  return unselected;
}

/** Masks 16 tokens by their draws, and stores their bits. */
@inline
function maskSixteen<Id>(
  isPlain: bool,
  selectMost: v128,
  randomMost: v128,
  maskMost: v128,
  maskIds: v128,
  ignored: v128,
  ids: usize,
  drawsAt: usize,
  inputIds: usize,
  labels: usize,
  bits: usize,
): void {
  // Draws and thresholds are compared as signed numbers, both with their highest bit turned: one instruction each.
  const turned = i16x8.splat(-0x8000);
  const draw0 = v128.xor(v128.load(drawsAt), turned);
  const draw1 = v128.xor(v128.load(drawsAt, 16), turned);
  const unselected0 = maskEight<Id>(isPlain, draw0, selectMost, maskMost, maskIds, ignored, ids, inputIds, labels);
  const unselected1 = maskEight<Id>(isPlain, draw1, selectMost, maskMost, maskIds, ignored, ids + 8 * sizeof<Id>(), inputIds + 32, labels + 32);
  store<u16>(bits, i8x16.bitmask(i8x16.narrow_i16x8_s(unselected0, unselected1)));
  const random0 = v128.andnot(i16x8.gt_s(draw0, maskMost), i16x8.gt_s(draw0, randomMost));
  const random1 = v128.andnot(i16x8.gt_s(draw1, maskMost), i16x8.gt_s(draw1, randomMost));
  store<u16>(
    bits,
    i8x16.bitmask(i8x16.narrow_i16x8_s(v128.andnot(random0, unselected0), v128.andnot(random1, unselected1))),
    8,
  );
}

/** Masks the ids of a row, all but its random tokens; returns whether all of them are in the vocabulary. */
@inline
function maskRow<Id>(row: usize, inputIds: usize, labels: usize): bool {
  let ids = idsOf(row);
  const length = lengthOf(row);
  // The mask id is special, so that what fills the last group is never selected.
  const filled = (length + group - 1) & -group;
  for (let index = length; index < filled; index++) {
    store<Id>(ids + <usize>index * sizeof<Id>(), <Id>maskId);
  }
  const selectMost = i16x8.splat(<i16>(selectBelow - 1 - 0x8000));
  const randomMost = i16x8.splat(<i16>(randomBelow - 1 - 0x8000));
  const maskMost = i16x8.splat(<i16>(maskBelow - 1 - 0x8000));
  const maskIds = v128.splat<Id>(<Id>maskId);
  const ignored = v128.splat<Id>(<Id>ignoredLabel);
  let greatest = i32x4.splat(0);
  let drawsAt = draws;
  let bits = groupBits;
  for (let position = 0; position < length; position += group) {
    if ((position & (drawn - 1)) === 0) {
      const blocks = min(drawn, filled - position) >> 3;
      drawBlocks(opSelect, position >> 3, blocks, keys, epochOf(row), sampleLowOf(row), sampleHighOf(row), draws);
      drawsAt = draws;
    }
    let least = v128.load(ids);
    let most = least;
    for (let at = ids + 16, end = ids + <usize>group * sizeof<Id>(); at < end; at += 16) {
      const some = v128.load(at);
      least = v128.min<Id>(least, some);
      most = v128.max<Id>(most, some);
    }
    greatest = v128.max<Id>(greatest, most);
    const plain = v128.and(
      v128.ge<Id>(least, v128.splat<Id>(<Id>plainFrom)),
      v128.le<Id>(most, v128.splat<Id>(<Id>plainMost)),
    );
    v128.store(bits, i64x2(-1, 0));
    let at = bits;
    let left = min(group, length - position);
    // Most groups of running text are whole and have no special id; of wide ids there is one loop, for the module's size.
    if (sizeof<Id>() === 2 && left === group && v128.all_true<Id>(plain)) {
      for (const end = at + 8; at < end; at += 2) {
        maskSixteen<Id>(true, selectMost, randomMost, maskMost, maskIds, ignored, ids, drawsAt, inputIds, labels, at);
        ids += 16 * sizeof<Id>();
        drawsAt += 32;
        inputIds += 64;
        labels += 64;
      }
    } else {
      for (; left > 0; left -= 16) {
        // The next row may stand right behind this one: the last few tokens are masked elsewhere.
        const few = left < 16;
        const shown = few ? rest : inputIds;
        const labelled = few ? rest + 64 : labels;
        maskSixteen<Id>(false, selectMost, randomMost, maskMost, maskIds, ignored, ids, drawsAt, shown, labelled, at);
        if (few) {
          memory.copy(inputIds, shown, (<usize>left) << 2);
          memory.copy(labels, labelled, (<usize>left) << 2);
        }
        ids += 16 * sizeof<Id>();
        drawsAt += 32;
        inputIds += 64;
        labels += 64;
        at += 2;
      }
    }
    bits += groupBytes;
  }
  return v128.all_true<Id>(v128.le<Id>(greatest, v128.splat<Id>(<Id>(size - 1))));
}

/**
 * Masks `count` rows into two columns of 32-bit values, and fills the rest of each row's place with the pad id and
 * -100. Returns how many tokens it selected; or, where a row has an id that is not in the vocabulary, -1 minus its
 * number. `bytes`, 2 or 4, is the width of the ids; each row's ids have room up to a multiple of 64.
 */
export function maskRows(
  rows: usize,
  count: i32,
  bytes: i32,
  inputIds: usize,
  labels: usize,
  seedLow: u32,
  seedHigh: u32,
): i32 {
  setKeys(keys, seedLow, seedHigh);
  let selected = 0;
  for (let index = 0; index < count; index++) {
    const row = rows + <usize>index * rowBytes;
    const length = lengthOf(row);
    const start = (<usize>startOf(row)) << 2;
    const known =
      bytes === 2
        ? maskRow<u16>(row, inputIds + start, labels + start)
        : maskRow<u32>(row, inputIds + start, labels + start);
    if (!known) {
      forgetRandomTokens();
      return -1 - index;
    }
    let bits = groupBits;
    for (let position = 0; position < length; position += group) {
      selected += group - <i32>popcnt(load<u64>(bits));
      addPositions(position, load<u64>(bits, 8));
      bits += groupBytes;
      if (isFull()) {
        completeRow(row, inputIds + start);
        flushRandomTokens(keys);
      }
    }
    completeRow(row, inputIds + start);
    const padFrom = start + ((<usize>length) << 2);
    const padTo = (<usize>endOf(row)) << 2;
    fill(inputIds + padFrom, inputIds + padTo, padId);
    fill(labels + padFrom, labels + padTo, ignoredLabel);
  }
  flushRandomTokens(keys);
  return selected;
}
