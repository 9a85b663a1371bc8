/**
 * @file Philox4x32-10 (docs/spec.md, section 2) in WebAssembly SIMD, written in AssemblyScript: eight blocks at a
 * time, as two chains of four, because a round waits for the one before it and two chains side by side fill the
 * time. src/random/philox.ts says the same plainly.
 */

const multiplier0: u32 = 0xd2511f53;
const multiplier1: u32 = 0xcd9e8d57;
const weyl0: u32 = 0x9e3779b9;
const weyl1: u32 = 0xbb67ae85;

/** The keys of the ten rounds take 32 bytes each: both words, in four lanes. */
export const keyBytes: usize = 320;

/** Writes the keys of a seed's ten rounds: what a round would add is loaded instead, which leaves registers free. */
export function setKeys(keys: usize, seedLow: u32, seedHigh: u32): void {
  for (const end = keys + keyBytes; keys < end; keys += 32) {
    v128.store(keys, i32x4.splat(<i32>seedLow));
    v128.store(keys, i32x4.splat(<i32>seedHigh), 16);
    seedLow += weyl0;
    seedHigh += weyl1;
  }
}

/**
 * Does the rounds whose keys stand from `keys` to `keysEnd` on eight blocks, whose counters stand in the lanes of c
 * and d, and writes the blocks one after the other, 16 bytes each; or, if `firstWords`, the first word of each alone.
 */
@inline
export function eightBlocks(
  keys: usize,
  keysEnd: usize,
  c0: v128,
  c1: v128,
  c2: v128,
  c3: v128,
  d0: v128,
  d1: v128,
  d2: v128,
  d3: v128,
  out: usize,
  firstWords: bool = false,
): void {
  const m0 = i32x4.splat(<i32>multiplier0);
  const m1 = i32x4.splat(<i32>multiplier1);
  for (; keys < keysEnd; keys += 32) {
    const k0 = v128.load(keys);
    const k1 = v128.load(keys, 16);
    const p0 = i64x2.extmul_low_i32x4_u(c0, m0);
    const q0 = i64x2.extmul_high_i32x4_u(c0, m0);
    const r0 = i64x2.extmul_low_i32x4_u(d0, m0);
    const s0 = i64x2.extmul_high_i32x4_u(d0, m0);
    const p1 = i64x2.extmul_low_i32x4_u(c2, m1);
    const q1 = i64x2.extmul_high_i32x4_u(c2, m1);
    const r1 = i64x2.extmul_low_i32x4_u(d2, m1);
    const s1 = i64x2.extmul_high_i32x4_u(d2, m1);
    // The low halves are multiplied once more: shuffling them out would wait for the units that shuffle.
    const e1 = i32x4.mul(c2, m1);
    const f1 = i32x4.mul(d2, m1);
    const e3 = i32x4.mul(c0, m0);
    const f3 = i32x4.mul(d0, m0);
    c0 = v128.xor(v128.shuffle<i32>(p1, q1, 1, 3, 5, 7), v128.xor(c1, k0));
    d0 = v128.xor(v128.shuffle<i32>(r1, s1, 1, 3, 5, 7), v128.xor(d1, k0));
    c2 = v128.xor(v128.shuffle<i32>(p0, q0, 1, 3, 5, 7), v128.xor(c3, k1));
    d2 = v128.xor(v128.shuffle<i32>(r0, s0, 1, 3, 5, 7), v128.xor(d3, k1));
    c1 = e1;
    d1 = f1;
    c3 = e3;
    d3 = f3;
  }
  if (firstWords) {
    v128.store(out, c0);
    v128.store(out, d0, 16);
    return;
  }
  storeFour(c0, c1, c2, c3, out);
  storeFour(d0, d1, d2, d3, out + 64);
}

/** From a vector for each word of four blocks to a vector for each block. */
@inline
function storeFour(c0: v128, c1: v128, c2: v128, c3: v128, out: usize): void {
  const a = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5);
  const b = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5);
  const c = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7);
  const d = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<i64>(a, b, 0, 2));
  v128.store(out, v128.shuffle<i64>(a, b, 1, 3), 16);
  v128.store(out, v128.shuffle<i64>(c, d, 0, 2), 32);
  v128.store(out, v128.shuffle<i64>(c, d, 1, 3), 48);
}

@inline
function high(product: u64): u32 {
  return <u32>(product >> 32);
}

/**
 * Writes `count` blocks of an op; `count` is rounded up to a multiple of eight. In memory they are both its words and its
 * halves, in order.
 *
 * Without a `list` they are those at (epoch, sample), from block `first` on, and of the first two rounds only what differs
 * from block to block is computed for each. A list has four columns, each `column` bytes behind the one before: indexes
 * of words, whose blocks are drawn, and the epoch and both halves of the sample of each.
 */
export function drawBlocks(
  op: u32,
  first: u32,
  count: i32,
  keys: usize,
  epoch: u32,
  sampleLow: u32,
  sampleHigh: u32,
  out: usize,
  list: usize = 0,
  column: usize = 0,
): void {
  const product1 = <u64>multiplier1 * <u64>sampleLow;
  const product0 = <u64>multiplier0 * <u64>(high(product1) ^ epoch ^ load<u32>(keys));
  const m0 = i32x4.splat(<i32>multiplier0);
  const m1 = i32x4.splat(<i32>multiplier1);
  const x2 = i32x4.splat(<i32>(sampleHigh ^ load<u32>(keys, 16)));
  const y0 = i32x4.splat(<i32>(<u32>product1 ^ load<u32>(keys, 32)));
  const y2 = i32x4.splat(<i32>(high(product0) ^ load<u32>(keys, 48)));
  const y3 = i32x4.splat(<i32>(<u32>product0));
  const four = i32x4.splat(4);
  const ops = i32x4.splat(<i32>(op << 24));
  let c = i32x4.add(i32x4.splat(<i32>((op << 24) | first)), i32x4(0, 1, 2, 3));
  const begin = list === 0 ? keys + 64 : keys;
  for (const end = out + ((<usize>count) << 4); out < end; out += 128) {
    let c0: v128, c1: v128, c2: v128, c3: v128, d0: v128, d1: v128, d2: v128, d3: v128;
    if (list === 0) {
      const d = i32x4.add(c, four);
      const p0 = i64x2.extmul_low_i32x4_u(c, m0);
      const q0 = i64x2.extmul_high_i32x4_u(c, m0);
      const r0 = i64x2.extmul_low_i32x4_u(d, m0);
      const s0 = i64x2.extmul_high_i32x4_u(d, m0);
      const e2 = v128.xor(v128.shuffle<i32>(p0, q0, 1, 3, 5, 7), x2);
      const f2 = v128.xor(v128.shuffle<i32>(r0, s0, 1, 3, 5, 7), x2);
      const p1 = i64x2.extmul_low_i32x4_u(e2, m1);
      const q1 = i64x2.extmul_high_i32x4_u(e2, m1);
      const r1 = i64x2.extmul_low_i32x4_u(f2, m1);
      const s1 = i64x2.extmul_high_i32x4_u(f2, m1);
      c0 = v128.xor(v128.shuffle<i32>(p1, q1, 1, 3, 5, 7), y0);
      c1 = i32x4.mul(e2, m1);
      c2 = v128.xor(i32x4.mul(c, m0), y2);
      c3 = y3;
      d0 = v128.xor(v128.shuffle<i32>(r1, s1, 1, 3, 5, 7), y0);
      d1 = i32x4.mul(f2, m1);
      d2 = v128.xor(i32x4.mul(d, m0), y2);
      d3 = y3;
      c = i32x4.add(d, four);
    } else {
      c0 = v128.or(ops, i32x4.shr_u(v128.load(list), 2));
      c1 = v128.load(list + column);
      c2 = v128.load(list + 2 * column);
      c3 = v128.load(list + 3 * column);
      d0 = v128.or(ops, i32x4.shr_u(v128.load(list, 16), 2));
      d1 = v128.load(list + column, 16);
      d2 = v128.load(list + 2 * column, 16);
      d3 = v128.load(list + 3 * column, 16);
      list += 32;
    }
    eightBlocks(begin, keys + keyBytes, c0, c1, c2, c3, d0, d1, d2, d3, out);
  }
}
