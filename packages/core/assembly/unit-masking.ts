/**
 * @file Strategies of units (docs/spec.md, section 3, Units) in WebAssembly, for the rows of a batch; their ids are
 * 32 bits wide. src/strategies/unit-masking.ts says the same plainly, and the two give the same bytes.
 */
import { drawBlocks, eightBlocks, keyBytes, setKeys } from './philox';
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
  fill,
  idsOf,
  lengthOf,
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

/** What `kinds` has for ids that are not ordinary. */
const special: u32 = 1;
const continuation: u32 = 2;

/** What an action is drawn for; 2 is a span. */
const perToken: i32 = 0;
const perUnit: i32 = 1;

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
/** Tokens of the row that are in a unit. */
let tokens: i32 = 0;
/** By position: the number of the token's unit, where it is in one. */
let unitOf: usize = 0;
/** By unit: its first position, the one after its last, and the anchor of the span that took it, or -1. */
let starts: usize = 0;
let ends: usize = 0;
let anchors: usize = 0;
/** Candidates to begin a span: the draw above the position, then in order. */
let candidates: usize = 0;
let ordered: usize = 0;
let bucketEnds: usize = 0;
/** The units that spans took, in turn. */
let taken: usize = 0;
let takenCount: i32 = 0;
/** Length draws of eight anchors. */
let lengthDraws: usize = 0;

/** Bytes of working memory for samples of up to `longest` tokens. */
export function workBytes(longest: i32): usize {
  const words = (<usize>longest + 64) << 2;
  return keyBytes + randomTokenBytes + 10 * words + 4 * <usize>mostBuckets + 128;
}

/** Sets what is the same for every row. `thresholdsAt` points at thresholds of 64 bits. */
export function configure(
  longest: i32,
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
  const words = (<usize>longest + 64) << 2;
  draws = work + keyBytes + randomTokenBytes;
  unitOf = draws + words;
  starts = unitOf + words;
  ends = starts + words;
  anchors = ends + words;
  taken = anchors + words;
  candidates = taken + words;
  ordered = candidates + 2 * words;
  bucketEnds = ordered + 2 * words;
  lengthDraws = bucketEnds + 4 * <usize>mostBuckets;
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
function draw(row: usize, op: u32, count: i32, halves: bool, epoch: u32): void {
  const blocks = halves ? (count + 7) >> 3 : (count + 3) >> 2;
  drawBlocks(op, 0, blocks, keys, epoch, sampleLowOf(row), sampleHighOf(row), draws);
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

/** Splits a row into units; returns how many. Without branches: which ids continue a word can't be foreseen. */
function splitUnits(ids: usize, length: i32): i32 {
  let count: i32 = 0;
  let outsideCount: i32 = 0;
  // 0 at the start and behind a special token, else 1.
  let inside: u32 = 0;
  for (let position = 0; position < length; position++) {
    const kind = <u32>load<u8>(kinds + <usize>load<u32>(ids + ((<usize>position) << 2)));
    const outside = kind & special;
    const begins = (outside ^ 1) & (((kind >> 1) & inside) ^ 1);
    put32(starts, count, position);
    count += <i32>begins;
    put32(unitOf, position, count - 1);
    // The token's unit ends behind it, unless the token is in none: then what is written is where the next one will.
    put32(ends, count - 1 + <i32>outside, position + 1);
    inside = outside ^ 1;
    outsideCount += <i32>outside;
  }
  tokens = length - outsideCount;
  return count;
}

/** Gives a unit to a span; returns how many tokens it has. */
@inline
function take(unit: i32, anchor: i32): i32 {
  put32(anchors, unit, anchor);
  put32(taken, takenCount++, unit);
  return at32(ends, unit) - at32(starts, unit);
}

/** Collects the candidates whose draws are from `low` up to, but without, `high`; returns how many. */
function collect(units: i32, low: u64, high: u64): i32 {
  let count: i32 = 0;
  if (anchorIsToken) {
    for (let unit = 0; unit < units; unit++) {
      for (let position = at32(starts, unit), end = at32(ends, unit); position < end; position++) {
        const drawn = word(position);
        store<u64>(candidates + ((<usize>count) << 3), (drawn << 32) | <u64>position);
        count += <i32>(<u32>(drawn >= low) & <u32>(drawn < high));
      }
    }
  } else {
    for (let unit = 0; unit < units; unit++) {
      const position = at32(starts, unit);
      const drawn = word(position);
      store<u64>(candidates + ((<usize>count) << 3), (drawn << 32) | <u64>position);
      count += <i32>(<u32>(drawn >= low) & <u32>(drawn < high));
    }
  }
  return count;
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
function drawLengths(row: usize, index: i32, epoch: u32): void {
  const at = ordered + ((<usize>index) << 3);
  const op = i32x4.splat(<i32>(opSpanLength << 24));
  const p = v128.shuffle<i32>(v128.load(at), v128.load(at, 16), 0, 2, 4, 6);
  const q = v128.shuffle<i32>(v128.load(at, 32), v128.load(at, 48), 0, 2, 4, 6);
  const c1 = i32x4.splat(<i32>epoch);
  const c2 = i32x4.splat(<i32>sampleLowOf(row));
  const c3 = i32x4.splat(<i32>sampleHighOf(row));
  eightBlocks(
    keys,
    keys + keyBytes,
    v128.or(op, i32x4.shr_u(p, 2)),
    c1,
    c2,
    c3,
    v128.or(op, i32x4.shr_u(q, 2)),
    c1,
    c2,
    c3,
    lengthDraws,
  );
}

/** Takes spans at the ordered anchors until the budget is spent; returns how many tokens that took. */
function takeSpans(row: usize, count: i32, units: i32, budget: i32, epoch: u32): i32 {
  let left = budget;
  for (let index = 0; index < count && left > 0; index++) {
    if (lengthCount > 0 && (index & 7) === 0) drawLengths(row, index, epoch);
    const position = load<i32>(ordered + ((<usize>index) << 3));
    const first = at32(unitOf, position);
    if (at32(anchors, first) !== -1) continue;
    let length: i32 = 1;
    if (lengthCount > 0) {
      const drawn = <u64>load<u32>(lengthDraws + ((<usize>index & 7) << 4) + ((<usize>position & 3) << 2));
      while (length <= lengthCount && load<u64>(lengths + (<usize>(length - 1) << 3)) <= drawn) length++;
    }
    // Walks to the end of the span before anything is taken: one that is dropped takes nothing.
    let room = left;
    let end = first;
    const most = min(first + length, units);
    for (; end < most; end++) {
      if (end > first && at32(starts, end) !== at32(ends, end - 1)) break;
      if (at32(anchors, end) !== -1) {
        if (overlapDrops) {
          end = first;
          break;
        }
        continue;
      }
      const tokens = at32(ends, end) - at32(starts, end);
      if (tokens > room) break;
      room -= tokens;
    }
    for (let unit = first; unit < end; unit++) {
      if (at32(anchors, unit) === -1) left -= take(unit, position);
    }
  }
  return budget - left;
}

/** Selects units by a budget of tokens; returns how many tokens it took. */
function selectBudget(row: usize, length: i32, units: i32, budget: i32, epoch: u32): i32 {
  if (budget === 0 || units === 0) return 0;
  draw(row, anchorIsToken ? opSpanStart : opSelect, length, false, epoch);
  const all = anchorIsToken ? tokens : units;
  // Nearly always the budget is spent on the lowest draws: the rest is sorted only if it is not. A unit has
  // tokens / units tokens.
  const spans = ((<u64>budget << 8) * <u64>units) / (<u64>meanLength * <u64>tokens);
  const wanted = spans + (spans >> 2) + 12;
  const everything: u64 = 1 << 32;
  let limit = everything;
  if (wanted < <u64>all) limit = (wanted << 32) / <u64>all;
  let count = collect(units, 0, limit);
  order(count, 0, limit);
  let selected = takeSpans(row, count, units, budget, epoch);
  if (selected < budget && limit < everything) {
    count = collect(units, limit, everything);
    order(count, limit, everything);
    selected += takeSpans(row, count, units, budget - selected, epoch);
  }
  return selected;
}

/** Selects units each for itself; returns how many tokens they have. */
function selectEach(row: usize, length: i32, units: i32, epoch: u32): i32 {
  draw(row, opSelect, length, true, epoch);
  let selected: i32 = 0;
  for (let unit = 0; unit < units; unit++) {
    const start = at32(starts, unit);
    if (half(start) < <u32>selectBelow) selected += take(unit, start);
  }
  return selected;
}

/** Masks, replaces or keeps the tokens of the units that were taken. */
function act(row: usize, length: i32, inputIds: usize, labels: usize, epoch: u32): void {
  const ids = idsOf(row);
  draw(row, opAction, length, true, epoch);
  for (let index = 0; index < takenCount; index++) {
    const unit = at32(taken, index);
    const start = at32(starts, unit);
    const ofUnit = per === perUnit ? start : at32(anchors, unit);
    for (let position = start, end = at32(ends, unit); position < end; position++) {
      const id = at32(ids, position);
      const action = half(per === perToken ? position : ofUnit);
      put32(labels, position, id);
      put32(inputIds, position, select<i32>(maskId, id, action < maskBelow));
      addPosition(position, <i32>(<u32>(action >= maskBelow) & <u32>(action < randomBelow)));
      if (isFull()) {
        completeRow(inputIds, sampleLowOf(row), sampleHighOf(row));
        flushRandomTokens(keys, epoch);
      }
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
  inputIds: usize,
  labels: usize,
  seedLow: u32,
  seedHigh: u32,
  epoch: u32,
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
    const units = splitUnits(idsOf(row), length);
    fill(anchors, anchors + ((<usize>units) << 2), -1);
    takenCount = 0;
    const taking =
      selectBelow >= 0
        ? selectEach(row, length, units, epoch)
        : selectBudget(row, length, units, budgetOf(row), epoch);
    if (taking > 0) {
      act(row, length, shown, labelled, epoch);
      completeRow(shown, sampleLowOf(row), sampleHighOf(row));
      selected += taking;
    }
    const padFrom = (<usize>length) << 2;
    const padTo = (<usize>(endOf(row) - startOf(row))) << 2;
    fill(shown + padFrom, shown + padTo, padId);
    fill(labelled + padFrom, labelled + padTo, ignoredLabel);
  }
  flushRandomTokens(keys, epoch);
  return selected;
}
