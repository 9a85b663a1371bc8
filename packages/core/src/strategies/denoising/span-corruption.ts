import { ArgumentError, TokenIdError } from '../../errors.ts';
import * as op from '../../random/ops.ts';
import type { VocabTables } from '../../vocab.ts';
import { checkTable, drawLength } from '../length-table.ts';
import type { Strategy } from '../strategy.ts';
import type { SpanCorruptionPlan } from '../strategy-plan.ts';
import { checkDenoiser, checkInteger, type NoiseCount, noiseCount } from './denoiser.ts';
import { NoiseMask } from './noise-mask.ts';
import { checkSentinels, writeCorrupted } from './sentinels.ts';

/** Tokens of the longest sample that can be masked. */
export const longestSample = 0x20_0000;

/**
 * Composes a sequence-to-sequence strategy: one of `denoisers`, chosen for each sample by draw, hides spans
 * of it; in the input a sentinel stands for each span, and the target has every sentinel followed by what
 * it stands for. Input and target have lengths of their own; special tokens stay in the input and end a
 * span. See docs/spec.md, Span corruption.
 *
 * @throws {ArgumentError} for a part that does not hold; from `createMasker` for added ids that are not
 * special; from `mask` for a sample that may have more spans than there are sentinels.
 *
 * @example
 * ```ts
 * import { spanCorruption } from '@maskloom/core';
 * // Half of the tokens in spans of 8 on average, or the end of the sample, each for every second sample.
 * const strategy = spanCorruption({
 *   type: 'span-corruption',
 *   denoisers: [
 *     { type: 'spans', density: 500_000, meanLength: 8000 },
 *     { type: 'suffix', density: 250_000 },
 *   ],
 *   choice: [2 ** 31],
 *   sentinels: { first: 32099, count: 100 },
 *   end: 1,
 * });
 * ```
 */
export function spanCorruption(plan: SpanCorruptionPlan): Strategy<SpanCorruptionPlan> {
  if (!Array.isArray(plan.denoisers) || plan.denoisers.length === 0) {
    throw new ArgumentError('strategy.denoisers', 'at least one denoiser', plan.denoisers);
  }
  const denoisers = plan.denoisers.map((denoiser, index) =>
    checkDenoiser(`strategy.denoisers[${index}]`, denoiser),
  );
  const choice = checkTable('strategy.choice', plan.choice);
  if (choice.length !== denoisers.length - 1) {
    throw new ArgumentError(
      'strategy.choice',
      `${denoisers.length - 1} thresholds, one less than there are denoisers`,
      choice,
    );
  }
  const sentinels = checkSentinels(plan.sentinels);
  const { end } = plan;
  if (end !== undefined) checkInteger('strategy.end', end, 0, 2 ** 31 - 1);
  const added = denoisers.map(({ mode }) => ({ sentinels, mode, end }));
  const survey = new Survey();
  const noise = new NoiseMask();
  /** For each number of tokens, what each denoiser hides: kept, so that a sample allocates nothing. */
  const counts: (readonly NoiseCount[])[] = [];

  const countAll = (tokens: number): readonly NoiseCount[] =>
    denoisers.map((denoiser) => noiseCount(denoiser, tokens));

  /** Surveys a sample; returns what each denoiser hides of it. */
  function countsOf(ids: ArrayLike<number>, vocab: VocabTables): readonly NoiseCount[] {
    survey.of(ids, vocab);
    const { tokens, gaps } = survey;
    counts[tokens] ??= countAll(tokens);
    const found = counts[tokens];
    for (let index = 0; index < found.length; index++) {
      const { most, spans } = found[index]!;
      const runs = mostRuns(spans, most, gaps);
      if (runs > sentinels.count) {
        throw new ArgumentError(
          'strategy.sentinels.count',
          `at least ${runs}, the spans that a sample of ${ids.length} tokens may have`,
          sentinels.count,
          'give more sentinels (`maskloom tokenizer train --sentinels`), longer spans or shorter samples',
        );
      }
    }
    return found;
  }

  return {
    plan: {
      type: 'span-corruption',
      denoisers,
      choice,
      sentinels,
      ...(end === undefined ? {} : { end }),
    },

    atRate(rate) {
      const [denoiser] = denoisers;
      if (denoisers.length > 1) {
        throw new ArgumentError(
          'rate',
          'none with several denoisers, each of which has its own',
          rate / 1_000_000,
          'leave the schedule out',
        );
      }
      return spanCorruption({ ...plan, denoisers: [{ ...denoiser!, density: rate }] });
    },

    prepare({ size, special }) {
      const ids: [string, number | undefined][] = [
        ...denoisers.map(({ mode }, index): [string, number | undefined] => [
          `strategy.denoisers[${index}].mode`,
          mode,
        ]),
        ['strategy.end', end],
        ...Array.from({ length: sentinels.count }, (_, index): [string, number] => [
          'strategy.sentinels',
          sentinels.first - index,
        ]),
      ];
      for (const [name, id] of ids) {
        if (id === undefined || special[id] === 1) continue;
        const expected = `a special id of the vocabulary of ${size} ids`;
        throw new ArgumentError(
          name,
          expected,
          id,
          'what is added must not be a token of the text',
        );
      }
    },

    capacity(ids, vocab) {
      let inputs = 0;
      let labels = 0;
      countsOf(ids, vocab).forEach(({ least, most, spans }, index) => {
        const mode = denoisers[index]!.mode === undefined ? 0 : 1;
        const shown = ids.length - least + mostRuns(spans, least, survey.gaps);
        inputs = Math.max(inputs, mode + shown);
        labels = Math.max(labels, most + mostRuns(spans, most, survey.gaps));
      });
      return { inputs, labels: labels + (end === undefined ? 0 : 1) };
    },

    mask({ ids }, draws, vocab, out) {
      const counts = countsOf(ids, vocab);
      const draw = choice.length === 0 ? 0 : draws.signedWord(op.denoiser, 0);
      const index = drawLength(choice, draw) - 1;
      const hidden = noise.draw(denoisers[index]!.type, counts[index]!, survey.tokens, draws);
      writeCorrupted(ids, vocab.special, noise.mask, added[index]!, out);
      return hidden;
    },
  };
}

/** Runs of noise at most: a special token in a gap between two others makes two spans of one. */
function mostRuns(spans: number, noise: number, gaps: number): number {
  return spans + Math.min(gaps, noise - spans);
}

/** What of a sample decides how long its outputs get. */
class Survey {
  /** Tokens that are not special. */
  tokens = 0;
  /** Places where special tokens stand between two others. */
  gaps = 0;

  of(ids: ArrayLike<number>, { size, special }: VocabTables): void {
    const { length } = ids;
    if (length > longestSample) {
      throw new ArgumentError('sample', `at most ${longestSample} tokens`, length, 'split it');
    }
    let tokens = 0;
    let gaps = 0;
    let afterSpecial = false;
    for (let position = 0; position < length; position++) {
      const id = ids[position]!;
      if (!(id >= 0 && id < size)) throw new TokenIdError(position, id, size);
      if (special[id] === 1) {
        afterSpecial = tokens > 0;
      } else {
        if (afterSpecial) gaps++;
        afterSpecial = false;
        tokens++;
      }
    }
    this.tokens = tokens;
    this.gaps = gaps;
  }
}
