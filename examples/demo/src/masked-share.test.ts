import { expect, test } from 'vitest';
import { addBatch } from './masked-share.ts';

test('addBatch() counts what masking did, without special tokens and padding', () => {
  const share = { tokens: 0, mask: 0, random: 0, keep: 0 };
  const vocab = { maskId: 4, special: new Set([0, 1, 2, 3, 4]) };
  const batch = {
    //                        CLS  -  mask random keep SEP pad
    inputIds: Int32Array.from([2, 10, 4, 17, 12, 3, 0]),
    labels: Int32Array.from([-100, -100, 11, 11, 12, -100, -100]),
    attentionMask: Uint8Array.from([1, 1, 1, 1, 1, 1, 0]),
  };
  addBatch(share, batch, vocab);
  addBatch(share, batch, vocab);
  expect(share).toEqual({ tokens: 8, mask: 2, random: 2, keep: 2 });
});
