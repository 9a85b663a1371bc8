import { describe, expect, test } from 'vitest';
import type { MaskedOutput } from '../strategy.ts';
import { type AddedIds, writeCorrupted } from './sentinels.ts';

const noSpecials = new Uint8Array(1000);

function corrupt(ids: number[], noise: number[], added: AddedIds, special = noSpecials) {
  const out: MaskedOutput = { inputIds: new Int32Array(40), labels: new Int32Array(40) };
  writeCorrupted(ids, special, Uint8Array.from(noise), added, out);
  return {
    inputs: [...out.inputIds.subarray(0, out.inputLength)],
    targets: [...out.labels.subarray(0, out.labelLength)],
  };
}

// google-research/text-to-text-transfer-transformer e081111, t5/data/preprocessors_test.py.
describe('writeCorrupted() as T5 does', () => {
  test('test_noise_span_to_unique_sentinel', () => {
    const sentinels = { first: 999, count: 100 };
    const { inputs, targets } = corrupt([10, 11, 12, 13, 14, 15], [1, 1, 0, 0, 1, 0], {
      sentinels,
    });
    expect(inputs).toEqual([999, 12, 13, 998, 15]);
    expect(targets).toEqual([999, 10, 11, 998, 14]);
  });

  test('test_denoise', () => {
    const ids = [3, 2, 20, 4, 3, 2, 8, 13, 2, 3, 2, 23, 7, 19, 22, 3, 2, 7, 2];
    const noise = ids.map((_, position) => (position === 8 || position >= 14 ? 1 : 0));
    const { inputs, targets } = corrupt(ids, noise, { sentinels: { first: 25, count: 2 } });
    expect(inputs).toEqual([3, 2, 20, 4, 3, 2, 8, 13, 25, 3, 2, 23, 7, 19, 24]);
    expect(targets).toEqual([25, 2, 24, 22, 3, 2, 7, 2]);
  });
});

test('special tokens stay in the input and cut a span in two; mode and end are added', () => {
  const special = Uint8Array.from({ length: 1000 }, (_, id) => (id < 5 ? 1 : 0));
  const added = { sentinels: { first: 999, count: 9 }, mode: 900, end: 3 };
  const { inputs, targets } = corrupt(
    [2, 10, 11, 3, 12, 13, 3],
    // Without the special tokens: 10 is shown, 11 and 12 are a span, 13 is shown.
    [0, 1, 1, 0],
    added,
    special,
  );
  expect(inputs).toEqual([900, 2, 10, 999, 3, 998, 13, 3]);
  expect(targets).toEqual([999, 11, 998, 12, 3]);
});
