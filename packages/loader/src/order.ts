/**
 * @file The order of an epoch: a bijection of 0..N-1 in constant memory, so that any position can be
 * asked for at any time. A balanced Feistel network (six rounds of Philox) permutes the numbers of
 * just enough bits; numbers of N and above are walked on until one falls below N.
 */
import { op, philox4x32 } from '@maskloom/core';

const rounds = 6;

/** An epoch's order: the row at a position, both from 0 to N-1. */
export type Order = (position: number) => number;

/**
 * The `global` order of N rows in an epoch.
 *
 * @param rows N, from 1 to 2^53-1
 */
export function globalOrder(rows: number, seed: bigint, epoch: number): Order {
  const bits = rows === 1 ? 0 : bitLength(rows - 1);
  const lowSize = 2 ** Math.floor(bits / 2);
  const highSize = 2 ** (bits - Math.floor(bits / 2));
  const key0 = Number(seed & 0xffffffffn);
  const key1 = Number(seed >> 32n);
  const block = new Uint32Array(4);

  function round(number: number, half: number, size: number): number {
    philox4x32(block, ((op.order << 24) | number) >>> 0, epoch, half, 0, key0, key1);
    return (block[0]! & (size - 1)) >>> 0;
  }

  return (position) => {
    let value = position;
    do {
      let high = Math.floor(value / lowSize);
      let low = value - high * lowSize;
      for (let number = 0; number < rounds; number += 2) {
        high = (high ^ round(number, low, highSize)) >>> 0;
        low = (low ^ round(number + 1, high, lowSize)) >>> 0;
      }
      value = high * lowSize + low;
    } while (value >= rows);
    return value;
  };
}

/** Number of binary digits of an integer from 1 to 2^53-1. */
function bitLength(value: number): number {
  return value.toString(2).length;
}
