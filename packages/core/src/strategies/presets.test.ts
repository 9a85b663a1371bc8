import { describe, expect, test } from 'vitest';
import { createMasker } from '../masker.ts';
import { createDraws } from '../random/draws.ts';
import * as op from '../random/ops.ts';
import { drawLength, truncatedGeometric } from './length-table.ts';
import { albert, bert, bertWholeWord, electra, megatron, spanbert } from './presets.ts';
import { strategyFromPlan } from './strategy-from-plan.ts';

const vocab = { size: 1000, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [] };

describe('the presets', () => {
  test('electra caps at 19 tokens of 128 and 79 of 512', () => {
    const cap = (maxLength: number) => {
      const { plan } = electra({ maxLength });
      return plan.type === 'units' && plan.selection.type === 'budget' && plan.selection.most;
    };
    expect([cap(128), cap(512)]).toEqual([19, 79]);
  });

  test('spanbert draws one action for a span as a whole', () => {
    const masker = createMasker({
      vocab,
      seed: 3,
      strategy: spanbert({ rate: 0.1, mask: 0.5, random: 0, keep: 0.5 }),
    });
    const ids = Array.from({ length: 60 }, (_, index) => 5 + index);
    const lengths = truncatedGeometric(0.2, 10);
    const draws = createDraws(3);
    const seen = { mask: 0, keep: 0 };
    for (let sample = 0; sample < 500; sample++) {
      const { inputIds, labels } = masker.mask(ids, { epoch: 0, sample });
      draws.at(0, sample);
      // The lowest draw begins the first span, which nothing but the budget of 6 and the end can cut.
      let anchor = 0;
      for (let position = 1; position < ids.length; position++) {
        if (draws.word(op.spanStart, position) < draws.word(op.spanStart, anchor)) {
          anchor = position;
        }
      }
      const length = Math.min(6, drawLength(lengths, draws.word(op.spanLength, anchor)));
      const masked = draws.half(op.action, anchor) < 32768;
      for (let position = anchor; position < Math.min(ids.length, anchor + length); position++) {
        expect(labels[position]).toBe(ids[position]);
        expect(inputIds[position]).toBe(masked ? vocab.maskId : ids[position]);
        seen[masked ? 'mask' : 'keep']++;
      }
    }
    expect(Math.min(seen.mask, seen.keep)).toBeGreaterThan(500);
  });

  test('refuse options that do not hold', () => {
    expect(() => bert({ rate: 2 })).toThrow(/^rate is 2/);
    expect(() => bert({ maxPredictions: -1 })).toThrow(/^maxPredictions is -1/);
    expect(() => electra({ maxLength: 0 })).toThrow(/^maxLength is 0/);
    expect(() => megatron({ lengths: 'other' as 'inverse' })).toThrow(/^lengths is "other"/);
    expect(() => strategyFromPlan({ ...bert().plan, unit: 'phrase' } as never)).toThrow(
      /^strategy.unit is "phrase"/,
    );
    for (const preset of [bertWholeWord, spanbert, albert, megatron]) {
      expect(() => preset({ unit: 'token' as 'word' })).toThrow(
        'unit is "token", expected "word" or "column"',
      );
      expect(preset({ unit: 'column' }).plan).toEqual({ ...preset().plan, unit: 'column' });
    }
  });
});
