/** @file No two (epoch, sample) pairs share their draws; a peer's way of seeding fails the same test. */
import { expect, test } from 'vitest';
import { createDraws } from './draws.ts';
import * as op from './ops.ts';

const pairs = 1_000_000;

/** How many of a million (epoch, sample) pairs have the same 64 bits as another before it. */
function collisions(bitsOf: (epoch: number, sample: number) => bigint): number {
  const keys = new BigUint64Array(pairs);
  for (let pair = 0; pair < pairs; pair++) {
    keys[pair] = bitsOf(pair % 1000, Math.floor(pair / 1000));
  }
  keys.sort();
  let equal = 0;
  for (let pair = 1; pair < pairs; pair++) if (keys[pair] === keys[pair - 1]) equal++;
  return equal;
}

/**
 * The seed of fairseq's mask_tokens_dataset.py (commit 3d262bb): `int(hash((seed, epoch, index)) % 1e6)`,
 * with the hash of tuples of CPython 3.8 and later (Objects/tupleobject.c, after xxHash).
 */
function fairseqSeed(seed: number, epoch: number, index: number): number {
  const [prime1, prime2, prime5] = [
    11400714785074694791n,
    14029467366897019727n,
    2870177450012600261n,
  ];
  let hash = prime5;
  for (const item of [seed, epoch, index]) {
    hash = BigInt.asUintN(64, hash + BigInt(item) * prime2);
    hash = BigInt.asUintN(64, (hash << 31n) | (hash >> 33n));
    hash = BigInt.asUintN(64, hash * prime1);
  }
  hash = BigInt.asIntN(64, hash + (3n ^ prime5 ^ 3527539n));
  // Modulo a float, the hash loses its low bits first; Python's remainder has the sign of the divisor.
  const rest = Number(hash) % 1e6;
  return rest < 0 ? rest + 1e6 : rest;
}

test('a million (epoch, sample) pairs have a million different draws', () => {
  // By chance two of 10^6 would have the same 64 bits once in 37 million such tests.
  const draws = createDraws(1n);
  const bitsOf = (epoch: number, sample: number) => {
    draws.at(epoch, sample);
    return (BigInt(draws.word(op.select, 0)) << 32n) | BigInt(draws.word(op.select, 1));
  };
  expect(collisions(bitsOf)).toBe(0);
});

test("fairseq's seeds fail the same test: nearly all of a million pairs share theirs", () => {
  // Pairs that share a seed in CPython: int(hash((1, 1, 6)) % 1e6) and so on.
  for (const [one, other, seed] of [
    [6, 288, 675200],
    [32, 314, 231360],
    [71, 692, 493824],
  ] as const) {
    expect([fairseqSeed(1, 1, one), fairseqSeed(1, 1, other)]).toEqual([seed, seed]);
  }
  const equal = collisions((epoch, sample) => BigInt(fairseqSeed(1, epoch, sample)));
  // len({int(hash((1, p % 1000, p // 1000)) % 1e6) for p in range(10**6)}) in CPython.
  expect(pairs - equal).toBe(31_719);
});
