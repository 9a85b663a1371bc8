import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMasker } from '../../masker.ts';
import { createDraws } from '../../random/draws.ts';
import { mulhi32 } from '../../random/philox.ts';
import { falseAlarm, goodnessOfFit } from '../../testing/statistics.ts';
import { type VocabTraits, vocabTables } from '../../vocab.ts';
import { bert, electra, spanbert } from '../presets.ts';
import { sentenceOrder } from '../sentence-order.ts';
import type { Strategy } from '../strategy.ts';
import { strategyFromPlan } from '../strategy-from-plan.ts';
import { tokenMasking } from '../token-masking.ts';
import { type RandomWords, uniformWords } from './random-words.ts';
import { unigramWords } from './unigram-words.ts';

const specialIds = [0, 3, 4];
const vocabOf = (counts: readonly number[]): VocabTraits => ({
  size: counts.length,
  maskId: 4,
  padId: 0,
  specialIds,
  continuationIds: [],
  counts,
});
const unigram = { randomWords: unigramWords };
const uint32 = fc.integer({ min: 0, max: 0xffffffff });

/** What docs/spec.md says, with integers of any size. */
function bySpec(counts: readonly number[], word: number): number {
  const halved = (s: bigint) =>
    counts.map((count, id) => (specialIds.includes(id) ? 0n : BigInt(count) >> s));
  const sum = (list: readonly bigint[]) => list.reduce((total, count) => total + count, 0n);
  let s = 0n;
  while (sum(halved(s)) >= 2n ** 32n) s++;
  const scaled = halved(s);
  const target = (BigInt(word) * sum(scaled)) >> 32n;
  return scaled.findIndex((_, id) => sum(scaled.slice(0, id + 1)) > target);
}

const none = createDraws(0);

describe('a random token of the unigram distribution', () => {
  test('is the one that the spec says, whatever the counts', () => {
    const count = fc.oneof(fc.constantFrom(0, 0, 1), fc.nat(1000), fc.nat(2 ** 40));
    const counts = fc
      .array(count, { minLength: 6, maxLength: 40 })
      .filter((list) => list.some((n, id) => n > 0 && !specialIds.includes(id)));
    fc.assert(
      fc.property(counts, fc.array(uint32, { maxLength: 20 }), (given, words) => {
        const tables = vocabTables(vocabOf(given));
        unigramWords.prepare!(tables);
        for (const word of [...words, 0, 0xffffffff]) {
          const below = (_op: number, _index: number, count: number) => mulhi32(word, count);
          const token = unigramWords.draw({ ...none, below }, 0, tables);
          expect(token).toBe(bySpec(given, word));
          expect(specialIds).not.toContain(token);
          expect(given[token]).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each<[string, Strategy]>([
    ['tokenMasking', tokenMasking({ rate: 0.5, mask: 0, random: 1, keep: 0, ...unigram })],
    ['bert', bert({ rate: 0.5, maxPredictions: 100, mask: 0, random: 1, keep: 0, ...unigram })],
    ['electra', electra({ maxLength: 64, rate: 0.5, mask: 0, random: 1, keep: 0, ...unigram })],
    ['spanbert', spanbert({ rate: 0.5, mask: 0, random: 1, keep: 0, ...unigram })],
  ])('comes as often as the counts say, and never where they are 0: %s', (_name, strategy) => {
    // Zipf's law; the special ids are the most frequent, and every tenth never occurs.
    const counts = Array.from({ length: 100 }, (_, id) => (id % 10 === 5 ? 0 : 1e6 / (id + 1)));
    const vocab = vocabOf(counts.map(Math.floor));
    const masker = createMasker({ vocab, seed: 6n, strategy });
    const ids = new Uint16Array(64).fill(5);
    const seen = new Float64Array(100);
    for (let sample = 0; sample < 2000; sample++) {
      const { inputIds, labels } = masker.mask(ids, { epoch: 0, sample });
      for (let position = 0; position < ids.length; position++) {
        if (labels[position] !== -100) seen[inputIds[position]!]!++;
      }
    }
    const drawn = vocab.counts!.map((count, id) => (specialIds.includes(id) ? 0 : count));
    const total = drawn.reduce((sum, count) => sum + count, 0);
    const possible = [...drawn.keys()].filter((id) => drawn[id]! > 0);
    seen.forEach((count, id) => {
      if (drawn[id] === 0) expect(count).toBe(0);
    });
    const shares = possible.map((id) => drawn[id]! / total);
    expect(
      goodnessOfFit(
        possible.map((id) => seen[id]!),
        shares,
      ),
    ).toBeGreaterThan(falseAlarm);
  });

  test('moves no other draw: only the random tokens differ from the uniform ones', () => {
    const vocab = vocabOf(Array.from({ length: 500 }, (_, id) => 1000 - id));
    const ids = Array.from({ length: 200 }, (_, index) => 5 + index);
    const mask = (randomWords: RandomWords, typed: boolean) =>
      createMasker({ vocab, seed: 3n, strategy: tokenMasking({ rate: 0.5, randomWords }) }).mask(
        typed ? Uint16Array.from(ids) : ids,
        { epoch: 0, sample: 0 },
      );
    const [drawn, plain] = [mask(unigramWords, true), mask(uniformWords, true)];
    expect(drawn.labels).toEqual(plain.labels);
    let different = 0;
    drawn.inputIds.forEach((id, position) => {
      if (id !== plain.inputIds[position]) {
        expect([id, plain.inputIds[position]]).not.toContain(vocab.maskId);
        different++;
      }
    });
    expect(different).toBeGreaterThan(3);
    expect(mask(unigramWords, false)).toEqual(drawn);
  });
});

describe('random words', () => {
  test('are in the plan where they are not uniform', () => {
    const { randomWords: _, ...without } = tokenMasking({ rate: 0.2, ...unigram }).plan;
    expect(without).toEqual(tokenMasking({ rate: 0.2 }).plan);
    expect(tokenMasking({ rate: 0.2, randomWords: uniformWords }).plan).toEqual(without);
    for (const strategy of [tokenMasking({ rate: 0.2, ...unigram }), spanbert(unigram)]) {
      expect(strategyFromPlan(JSON.parse(JSON.stringify(strategy.plan))).plan).toEqual(
        strategy.plan,
      );
    }
    expect(tokenMasking({ rate: 0.2, ...unigram }).atRate(1000).plan.randomWords).toBe('unigram');
  });

  test('are refused where there is no such distribution, or nothing to draw by', () => {
    const other = { randomWords: 'zipf' as 'unigram' };
    const wrong = { randomWords: 'zipf' as unknown as RandomWords };
    expect(() => tokenMasking({ rate: 0.2, ...wrong })).toThrow(
      'randomWords is "zipf", expected uniformWords or unigramWords',
    );
    expect(() => bert(wrong)).toThrow(/^randomWords is "zipf"/);
    for (const randomWords of [null, {}]) {
      expect(() => spanbert({ randomWords: randomWords as RandomWords })).toThrow(/^randomWords/);
    }
    const { plan } = tokenMasking({ rate: 0.2 });
    expect(() => strategyFromPlan({ ...plan, ...other })).toThrow(
      /^strategy.randomWords is "zipf"/,
    );
    const action = { ...bert().plan.action, ...other };
    expect(() => strategyFromPlan({ ...bert().plan, action })).toThrow(
      /^strategy.action.randomWords is "zipf"/,
    );
    const { counts: _, ...uncounted } = vocabOf([9, 9, 9, 9, 9, 9]);
    for (const vocab of [uncounted, vocabOf([9, 0, 0, 9, 9, 0])]) {
      for (const strategy of [
        tokenMasking({ rate: 0.2, ...unigram }),
        sentenceOrder(spanbert(unigram)),
      ]) {
        expect(() => createMasker({ vocab, seed: 0, strategy })).toThrow(
          /^vocab.counts is missing, expected how often each id occurs.*encode the text with --counts/,
        );
      }
    }
  });
});
