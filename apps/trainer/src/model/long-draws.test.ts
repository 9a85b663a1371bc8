import assert from 'node:assert/strict';
import { createDraws } from '@maskloom/core';
import { halfLimit, LongDraws, sampleLimit } from './long-draws.ts';

const [seed, op, epoch, sample] = [5n, 129, 3, 7 * 2 ** 32 + 6];
const pageSize = 2 ** 26;

const open = (at = sample) => new LongDraws(seed, op).at(epoch, at);

Deno.test("a sample's first draws are core's", () => {
  const core = createDraws(seed).at(epoch, sample);
  for (const index of [0, 1, 2, 3, 1001, pageSize - 1]) {
    assert.equal(open().word(index), core.word(op, index));
  }
  for (const index of [0, 1, 2, 3, 1001, 2 * pageSize - 1]) {
    assert.equal(open().half(index), core.half(op, index));
  }
});

Deno.test('they go on in pages of other samples, up to the last', () => {
  for (const page of [1, 2, 31, 32, 2 ** 16 - 1]) {
    const core = createDraws(seed).at(epoch, (BigInt(page) << 48n) + BigInt(sample));
    for (const index of [0, 1, pageSize - 1]) {
      assert.equal(open().word(page * pageSize + index), core.word(op, index));
    }
    for (const index of [0, 1, 2 * pageSize - 1]) {
      assert.equal(open().half(2 * page * pageSize + index), core.half(op, index));
    }
  }
});

Deno.test('a draw does not depend on what was drawn before', () => {
  const draws = open();
  const places = [5, 2 * pageSize + 5, 6, pageSize - 1, pageSize, 4, 2 ** 40, 5];
  for (const index of places) {
    assert.equal(draws.word(index), open().word(index));
    assert.equal(draws.half(index), open().half(index));
  }
  draws.word(2 ** 40);
  assert.equal(draws.at(epoch, 1).word(0), open(1).word(0));
});

Deno.test('neighbouring pages, samples and sites have draws of their own', () => {
  const found: string[] = [];
  for (const site of [0, 1, 2 ** 16 - 1]) {
    for (const row of [0, 1, 2 ** 32 - 1]) {
      const draws = open(site * 2 ** 32 + row);
      for (const page of [0, 1, 2, 32, 64, 2 ** 16 - 1]) {
        for (const index of [0, 2]) {
          const first = page * pageSize + index;
          found.push(`${draws.word(first)} ${draws.word(first + 1)}`);
        }
      }
    }
  }
  assert.equal(new Set(found).size, found.length);
});

Deno.test('what is out of range is refused, not another draw', () => {
  assert.throws(() => open(sampleLimit), { code: 'ARGUMENT', argument: 'sample' });
  for (const index of [halfLimit, -1]) {
    assert.throws(() => open().half(index), { code: 'ARGUMENT', argument: 'page' });
    assert.throws(() => open().word(index / 2), { code: 'ARGUMENT', argument: 'page' });
  }
});
