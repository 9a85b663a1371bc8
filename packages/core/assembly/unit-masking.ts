/**
 * @file Strategies of units (docs/spec.md, section 3, Units) in WebAssembly, for the rows of a batch; their ids are
 * 32 bits wide. src/strategies/unit-masking.ts says the same plainly, and the two give the same bytes.
 */
import { drawBlocks, keyBytes, setKeys } from './philox';
import {
  addPosition,
  completeRow,
  configureRandomTokens,
  flushRandomTokens,
  forgetRandomTokens,
  isFull,
  randomTokenBytes,
} from './random-tokens';
import {
  budgetOf,
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
const opAction: u32 = 1;
const opSpanLength: u32 = 3;
const opSpanStart: u32 = 4;
const ignoredLabel: i32 = -100;

/** What `kinds` has for special ids; for ids that continue a word it has 2, else 0. */
const special: u32 = 1;

/** What an action is drawn for; 0 is a token. */
const perUnit: i32 = 1;
const perSpan: i32 = 2;

/** Buckets that candidates are sorted through, at most. */
const mostBuckets: i32 = 1024;

let size: u32 = 0;
let maskId: i32 = 0;
let padId: i32 = 0;
/** Of each id, a byte. */
let kinds: usize = 0;
/** Thresholds of the lengths, as 64-bit numbers; none: a span is a unit. */
let lengths: usize = 0;
let lengthCount: i32 = 0;
/** Whether units are selected each for itself, below this 16-bit threshold; -1: by a budget. */
let selectBelow: i32 = 0;
let anchorIsToken: bool = false;
let overlapDrops: bool = false;
let maskBelow: u32 = 0;
let randomBelow: u32 = 0;
let per: i32 = 0;
/** The mean of the lengths, in 1/256: how many candidates are worth sorting depends on it. */
let meanLength: i32 = 256;

let keys: usize = 0;
/** The draws of a row: words or halves. */
let draws: usize = 0;
/** For each group of 64 positions a bit each: what begins a unit, what is in one, where a unit can end, what is taken. */
let begins: usize = 0;
let insides: usize = 0;
let boundaries: usize = 0;
let takens: usize = 0;
/** Units of the row, and tokens that are in one. */
let units: i32 = 0;
let tokens: i32 = 0;
/** By position: the anchor of the span that took the token. */
let anchors: usize = 0;
/** Candidates to begin a span: the draw above the position; then in order. */
let candidates: usize = 0;
let ordered: usize = 0;
let bucketEnds: usize = 0;
/** Length draws of eight anchors. */
let lengthDraws: usize = 0;
let lengthAnchors: usize = 0;
/** What `kinds` has for 64 tokens. */
let groupKinds: usize = 0;

/** Bytes of a word, and of a bit, for each token. */
const words: usize = 4 * (longestRow + 64);
const bits: usize = 8 * (longestRow / 64 + 2);
/** Bytes of working memory. */
const workBytes: usize = keyBytes + randomTokenBytes + 6 * words + 4 * bits + 4 * <usize>mostBuckets + 128 + 128 + 64;
if (workBytes > mostWork) ERROR('The kernel takes more than mostWork');

/** Sets what is the same for every row. `thresholdsAt` points at thresholds of 64 bits. */
export function configure(
  vocabSize: u32,
  vocabMaskId: i32,
  vocabPadId: i32,
  kindsAt: usize,
  thresholdsAt: usize,
  thresholds: i32,
  select: i32,
  tokenAnchors: bool,
  dropOverlaps: bool,
  mask: u32,
  random: u32,
  actionPer: i32,
  lengthMean: i32,
  allowedAt: usize,
  allowedIds: u32,
  work: usize,
): void {
  size = vocabSize;
  maskId = vocabMaskId;
  padId = vocabPadId;
  kinds = kindsAt;
  lengths = thresholdsAt;
  lengthCount = thresholds;
  selectBelow = select;
  anchorIsToken = tokenAnchors;
  overlapDrops = dropOverlaps;
  maskBelow = mask;
  randomBelow = random;
  per = actionPer;
  meanLength = lengthMean;
  keys = work;
  configureRandomTokens(work + keyBytes, allowedAt, allowedIds);
  draws = work + keyBytes + randomTokenBytes;
  anchors = draws + words;
  candidates = anchors + words;
  ordered = candidates + 2 * words;
  begins = ordered + 2 * words;
  insides = begins + bits;
  boundaries = insides + bits;
  takens = boundaries + bits;
  bucketEnds = takens + bits;
  lengthDraws = bucketEnds + 4 * <usize>mostBuckets;
  lengthAnchors = lengthDraws + 128;
  groupKinds = lengthAnchors + 128;
}

@inline
function at32(array: usize, index: i32): i32 {
  return load<i32>(array + ((<usize>index) << 2));
}

@inline
function put32(array: usize, index: i32, value: i32): void {
  store<i32>(array + ((<usize>index) << 2), value);
}

/** Draws `count` words or, if `halves`, halves of an op for a row. */
@inline
function draw(row: usize, op: u32, count: i32, halves: bool): void {
  const blocks = halves ? (count + 7) >> 3 : (count + 3) >> 2;
  drawBlocks(op, 0, blocks, keys, epochOf(row), sampleLowOf(row), sampleHighOf(row), draws);
}

@inline
function word(index: i32): u64 {
  return <u64>load<u32>(draws + ((<usize>index) << 2));
}

@inline
function half(index: i32): u32 {
  return <u32>load<u16>(draws + ((<usize>index) << 1));
}

/** Copies a row unmasked; returns whether all its ids are in the vocabulary. */
function copyRow(ids: usize, length: i32, inputIds: usize, labels: usize): bool {
  const ignored = i32x4.splat(ignoredLabel);
  let most = i32x4.splat(0);
  const bytes = (<usize>length) << 2;
  let offset: usize = 0;
  for (; offset + 16 <= bytes; offset += 16) {
    const four = v128.load(ids + offset);
    most = i32x4.max_u(most, four);
    v128.store(inputIds + offset, four);
    v128.store(labels + offset, ignored);
  }
  let known = v128.all_true<i32>(i32x4.le_u(most, i32x4.splat(<i32>(size - 1))));
  for (; offset < bytes; offset += 4) {
    const id = load<u32>(ids + offset);
    if (id >= size) known = false;
    store<u32>(inputIds + offset, id);
    store<i32>(labels + offset, ignoredLabel);
  }
  return known;
}

/** The bits of the group that a position is in. */
@inline
function bitsAt(array: usize, position: i32): usize {
  return array + ((<usize>position >> 6) << 3);
}

@inline
function hasBit(array: usize, position: i32): bool {
  return ((load<u64>(bitsAt(array, position)) >> (<u64>position & 63)) & 1) !== 0;
}

/** Finds the units of a row. */
function findUnits(ids: usize, length: i32): void {
  units = 0;
  tokens = 0;
  let carry: u64 = 0;
  let offset: usize = 0;
  for (let position = 0; position < length; position += 64) {
    const here = min(64, length - position);
    for (let index = 0; index < here; index++) {
      store<u8>(groupKinds + <usize>index, load<u8>(kinds + <usize>load<u32>(ids + ((<usize>index) << 2))));
    }
    for (let index = here; index < 64; index++) store<u8>(groupKinds + <usize>index, <u8>special);
    ids += 256;
    const outside = bitsOf(7);
    const inside = ~outside;
    // A continuation id continues a word where the token before it is in one.
    const begin = inside & ~(bitsOf(6) & ((inside << 1) | carry));
    carry = inside >> 63;
    store<u64>(insides + offset, inside);
    store<u64>(begins + offset, begin);
    store<u64>(boundaries + offset, outside | begin);
    store<u64>(takens + offset, 0);
    units += <i32>popcnt(begin);
    tokens += <i32>popcnt(inside);
    offset += 8;
  }
  // The last unit ends at the latest where the row does.
  store<u64>(boundaries + offset, -1);
  store<u64>(begins + offset, 0);
}

/** A bit of each of the 64 kinds, the highest first: 7 is the lowest. */
@inline
function bitsOf(shift: i32): u64 {
  let bits: u64 = 0;
  for (let index = 0; index < 4; index++) {
    const some = i8x16.shl(v128.load(groupKinds + ((<usize>index) << 4)), shift);
    bits |= <u64>(<u32>i8x16.bitmask(some)) << (<u64>index << 4);
  }
  return bits;
}

/** The position behind the unit that a position is in. */
@inline
function endOfUnit(position: i32): i32 {
  const from = position + 1;
  let at = bitsAt(boundaries, from);
  let bits = load<u64>(at) & (<u64>-1 << (<u64>from & 63));
  let first = from & -64;
  while (bits === 0) {
    at += 8;
    first += 64;
    bits = load<u64>(at);
  }
  return first + <i32>ctz(bits);
}

/** The first position of the unit that a position is in. */
@inline
function startOfUnit(position: i32): i32 {
  let at = bitsAt(begins, position);
  let bits = load<u64>(at) & (<u64>-1 >> (63 - (<u64>position & 63)));
  let first = position & -64;
  while (bits === 0) {
    at -= 8;
    first -= 64;
    bits = load<u64>(at);
  }
  return first + 63 - <i32>clz(bits);
}

/** Takes the tokens from `start` up to `end` that are not taken yet. */
function take(start: i32, end: i32, anchor: i32): void {
  if (per === perSpan) {
    for (let position = start; position < end; position++) {
      if (!hasBit(takens, position)) put32(anchors, position, anchor);
    }
  }
  for (let first = start & -64; first < end; first += 64) {
    let bits: u64 = -1;
    if (start > first) bits = bits << (<u64>start & 63);
    if (end - first < 64) bits = bits & ~(<u64>-1 << (<u64>end & 63));
    const at = bitsAt(takens, first);
    store<u64>(at, load<u64>(at) | bits);
  }
}

/** Which of the 64 words from an address on are below a limit. */
@inline
function wordsBelow(at: usize, most: v128): u64 {
  let bits: u64 = 0;
  for (let index: u64 = 0; index < 64; index += 16) {
    const a = i32x4.le_u(v128.load(at), most);
    const b = i32x4.le_u(v128.load(at, 16), most);
    const c = i32x4.le_u(v128.load(at, 32), most);
    const d = i32x4.le_u(v128.load(at, 48), most);
    const all = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
    bits |= <u64>(<u32>i8x16.bitmask(all)) << index;
    at += 64;
  }
  return bits;
}

/** Collects the candidates whose draws are below a limit or, if `others`, are not; returns how many. */
function collect(length: i32, limit: u64, others: bool): i32 {
  const flip: u64 = others ? -1 : 0;
  const most = i32x4.splat(<i32>(limit - 1));
  let places = anchorIsToken ? insides : begins;
  let at = draws;
  let key = candidates;
  for (let first = 0; first < length; first += 64) {
    let bits = (wordsBelow(at, most) ^ flip) & load<u64>(places);
    while (bits !== 0) {
      const position = first + <i32>ctz(bits);
      store<u64>(key, (word(position) << 32) | <u64>position);
      key += 8;
      bits &= bits - 1;
    }
    places += 8;
    at += 256;
  }
  return <i32>((key - candidates) >> 3);
}

/** Sorts candidates between `low` and `high` by draw, then position. */
function order(count: i32, low: u64, high: u64): void {
  // Draws are uniform, so that buckets of equal width come out nearly even, and leave each a few to insert.
  let buckets: i32 = 16;
  while (buckets < count && buckets < mostBuckets) buckets <<= 1;
  const scale = (<u64>buckets << 32) / (high - low);
  fill(bucketEnds, bucketEnds + ((<usize>buckets) << 2), 0);
  const end = candidates + ((<usize>count) << 3);
  for (let at = candidates; at < end; at += 8) {
    const bucket = <i32>((((load<u64>(at) >> 32) - low) * scale) >> 32);
    put32(bucketEnds, bucket, at32(bucketEnds, bucket) + 1);
  }
  let sum: i32 = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    sum += at32(bucketEnds, bucket);
    put32(bucketEnds, bucket, sum);
  }
  for (let at = candidates; at < end; at += 8) {
    const key = load<u64>(at);
    const bucket = <i32>((((key >> 32) - low) * scale) >> 32);
    const place = at32(bucketEnds, bucket) - 1;
    put32(bucketEnds, bucket, place);
    store<u64>(ordered + ((<usize>place) << 3), key);
  }
  const last = ordered + ((<usize>count) << 3);
  for (let at = ordered + 8; at < last; at += 8) {
    const key = load<u64>(at);
    let to = at;
    while (to > ordered && load<u64>(to - 8) > key) {
      store<u64>(to, load<u64>(to - 8));
      to -= 8;
    }
    store<u64>(to, key);
  }
}

/** Draws the length words of the eight anchors from `index` on. */
function drawLengths(row: usize, index: i32): void {
  const at = ordered + ((<usize>index) << 3);
  const epoch = i32x4.splat(<i32>epochOf(row));
  const low = i32x4.splat(<i32>sampleLowOf(row));
  const high = i32x4.splat(<i32>sampleHighOf(row));
  for (let four: usize = 0; four < 32; four += 16) {
    const first = v128.load(at + 2 * four);
    const second = v128.load(at + 2 * four, 16);
    v128.store(lengthAnchors + four, v128.shuffle<i32>(first, second, 0, 2, 4, 6));
    v128.store(lengthAnchors + four, epoch, 32);
    v128.store(lengthAnchors + four, low, 64);
    v128.store(lengthAnchors + four, high, 96);
  }
  drawBlocks(opSpanLength, 0, 8, keys, 0, 0, 0, lengthDraws, lengthAnchors, 32);
}

/** Takes spans at the ordered anchors until the budget is spent; returns how many tokens that took. */
function takeSpans(row: usize, count: i32, budget: i32): i32 {
  let left = budget;
  for (let index = 0; index < count && left > 0; index++) {
    if (lengthCount > 0 && (index & 7) === 0) drawLengths(row, index);
    const position = load<i32>(ordered + ((<usize>index) << 3));
    const first = anchorIsToken ? startOfUnit(position) : position;
    if (hasBit(takens, first)) continue;
    let length: i32 = 1;
    if (lengthCount > 0) {
      const at = lengthDraws + ((<usize>index & 7) << 4) + ((<usize>position & 3) << 2);
      const drawn = <u64>load<u32>(at);
      while (length <= lengthCount && load<u64>(lengths + ((<usize>length - 1) << 3)) <= drawn) length++;
    }
    // Walks to the end of the span before anything is taken: one that is dropped takes nothing.
    let room = left;
    let end = first;
    for (let unit = first; ; ) {
      const next = endOfUnit(unit);
      if (hasBit(takens, unit)) {
        if (overlapDrops) {
          end = first;
          break;
        }
      } else {
        if (next - unit > room) break;
        room -= next - unit;
      }
      end = next;
      if (--length === 0 || !hasBit(begins, next)) break;
      unit = next;
    }
    if (end > first) {
      take(first, end, position);
      left = room;
    }
  }
  return budget - left;
}

/** Selects units by a budget of tokens; returns how many tokens it took. */
function selectBudget(row: usize, length: i32, budget: i32): i32 {
  if (budget === 0 || units === 0) return 0;
  draw(row, anchorIsToken ? opSpanStart : opSelect, length, false);
  const all = <u64>(anchorIsToken ? tokens : units);
  // Nearly always the budget is spent on the lowest draws: the rest is sorted only if it is not. A unit has
  // tokens / units tokens.
  const spans = ((<u64>budget << 8) * <u64>units) / (<u64>meanLength * <u64>tokens);
  const wanted = spans + (spans >> 2) + 12;
  const everything: u64 = 1 << 32;
  const limit = wanted < all ? (wanted << 32) / all : everything;
  let count = collect(length, limit, false);
  order(count, 0, limit);
  const selected = takeSpans(row, count, budget);
  if (selected === budget || limit === everything) return selected;
  count = collect(length, limit, true);
  order(count, limit, everything);
  return selected + takeSpans(row, count, budget - selected);
}

/** Selects units each for itself; returns how many tokens they have. */
function selectEach(row: usize, length: i32): i32 {
  draw(row, opSelect, length, true);
  let selected: i32 = 0;
  for (let first = 0; first < length; first += 64) {
    for (let bits = load<u64>(bitsAt(begins, first)); bits !== 0; bits &= bits - 1) {
      const start = first + <i32>ctz(bits);
      if (half(start) >= <u32>selectBelow) continue;
      const end = endOfUnit(start);
      take(start, end, start);
      selected += end - start;
    }
  }
  return selected;
}

/** Masks, replaces or keeps the tokens that were taken. */
function act(row: usize, length: i32, inputIds: usize, labels: usize): void {
  const ids = idsOf(row);
  draw(row, opAction, length, true);
  for (let first = 0; first < length; first += 64) {
    for (let bits = load<u64>(bitsAt(takens, first)); bits !== 0; bits &= bits - 1) {
      const position = first + <i32>ctz(bits);
      const id = at32(ids, position);
      let drawn = position;
      if (per === perUnit) drawn = startOfUnit(position);
      else if (per === perSpan) drawn = at32(anchors, position);
      const action = half(drawn);
      put32(labels, position, id);
      put32(inputIds, position, select<i32>(maskId, id, action < maskBelow));
      addPosition(position, <i32>(<u32>(action >= maskBelow) & <u32>(action < randomBelow)));
    }
    if (isFull()) {
      completeRow(row, inputIds);
      flushRandomTokens(keys);
    }
  }
}

/**
 * Masks `count` rows into two columns of 32-bit values, and fills the rest of each row's place with the pad id and
 * -100. Returns how many tokens it selected; or, where a row has an id that is
 * not in the vocabulary, -1 minus its number.
 */
export function maskRows(
  rows: usize,
  count: i32,
  _bytes: i32,
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
    const shown = inputIds + ((<usize>startOf(row)) << 2);
    const labelled = labels + ((<usize>startOf(row)) << 2);
    if (!copyRow(idsOf(row), length, shown, labelled)) {
      forgetRandomTokens();
      return -1 - index;
    }
    findUnits(idsOf(row), length);
    const taking =
      selectBelow >= 0
        ? selectEach(row, length)
        : selectBudget(row, length, budgetOf(row));
    if (taking > 0) {
      act(row, length, shown, labelled);
      completeRow(row, shown);
      selected += taking;
    }
    const padFrom = (<usize>length) << 2;
    const padTo = (<usize>(endOf(row) - startOf(row))) << 2;
    fill(shown + padFrom, shown + padTo, padId);
    fill(labelled + padFrom, labelled + padTo, ignoredLabel);
  }
  flushRandomTokens(keys);
  return selected;
}
