/**
 * @file The objectives by the names people know, each a composition. Where one departs from the code of
 * its paper, it says so.
 */
import { ArgumentError } from '../errors.ts';
import { type ActionOptions, actionPlan } from './action.ts';
import {
  clippedGeometric,
  inverseLengths,
  type LengthTable,
  singleUnit,
  truncatedGeometric,
} from './length-table.ts';
import { partsPerMillion } from './rate.ts';
import type { BudgetSelection } from './selection.ts';
import type { Strategy } from './strategy.ts';
import type { TokenStrategyPlan, UnitStrategyPlan } from './strategy-plan.ts';
import { tokenMasking } from './token-masking.ts';
import { composeUnits } from './unit-masking.ts';
import type { UnitKind } from './units.ts';

/** Options that every preset has. */
export interface PresetOptions extends ActionOptions {
  /** Share of a sample's tokens to select. */
  readonly rate?: number;
}

/** Options of the presets with BERT's budget. */
export interface BertOptions extends PresetOptions {
  /** Selected tokens of a sample at most (`max_predictions_per_seq`). Default 20. */
  readonly maxPredictions?: number;
}

/** Options of the presets that hide whole words. */
export interface WordOptions {
  /**
   * Where words begin: as the vocabulary's continuation ids tell (`word`, default), or as a column of the
   * sample says (`column`), for vocabularies that can't tell and for other units, such as entities.
   */
  readonly unit?: 'word' | 'column';
}

/** BERT's budget: the rate of all tokens, to the nearest, halves to even; at least 1, at most `most`. */
function bertBudget(rate: number, most: number): BudgetSelection {
  if (!Number.isInteger(most) || most < 0 || most > 2 ** 31 - 1) {
    throw new ArgumentError('maxPredictions', 'an integer from 0', most);
  }
  return {
    type: 'budget',
    rate: partsPerMillion(rate),
    rounding: 'half-even',
    least: 1,
    most,
    anchor: 'unit',
    overlap: 'drop',
  };
}

function wordUnit({ unit = 'word' }: WordOptions): UnitKind {
  if (unit !== 'word' && unit !== 'column') {
    throw new ArgumentError('unit', '"word" or "column"', unit);
  }
  return unit;
}

function bertLike(
  unit: UnitKind,
  lengths: LengthTable,
  options: BertOptions,
): Strategy<UnitStrategyPlan> {
  const { rate = 0.15, maxPredictions = 20 } = options;
  return composeUnits(
    {
      type: 'units',
      unit,
      lengths,
      selection: bertBudget(rate, maxPredictions),
      action: actionPlan(options, 'token'),
    },
    options.randomWords,
  );
}

/**
 * BERT (Devlin et al. 2019, arXiv:1810.04805; google-research/bert `create_pretraining_data.py`): a budget
 * of 15 % of all tokens, rounded as Python rounds, at least 1 and at most 20; each token 80/10/10.
 *
 * Departs: no special token is selected or drawn (BERT spares only [CLS] and [SEP], and draws from all ids).
 *
 * @example
 * ```ts
 * import { bert, createMasker } from '@maskloom/core';
 * const vocab = { size: 100, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [] };
 * const masker = createMasker({ vocab, seed: 42n, strategy: bert(), mode: 'static', copies: 10 });
 * ```
 */
export function bert(options: BertOptions = {}): Strategy<UnitStrategyPlan> {
  return bertLike('token', singleUnit, options);
}

/**
 * BERT with whole-word masking (google-research/bert, `do_whole_word_mask`): words are hidden with all
 * their pieces, each piece 80/10/10; a word that would exceed the budget is passed over.
 *
 * Departs: as {@linkcode bert}; and a piece after a special token starts a word of its own.
 *
 * @example
 * ```ts
 * import { bertWholeWord, createMasker } from '@maskloom/core';
 * // A byte-level vocabulary can't tell where words begin: a column of the sample does.
 * const vocab = { size: 100, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [] };
 * const masker = createMasker({ vocab, seed: 42n, strategy: bertWholeWord({ unit: 'column' }) });
 * masker.mask([2, 17, 23, 42, 3], { epoch: 0, sample: 7, units: [1, 1, 0, 1, 1] });
 * ```
 */
export function bertWholeWord(options: BertOptions & WordOptions = {}): Strategy<UnitStrategyPlan> {
  return bertLike(wordUnit(options), singleUnit, options);
}

/**
 * RoBERTa (Liu et al. 2019, arXiv:1907.11692; fairseq `mask_tokens_dataset.py`): the rate of all tokens,
 * rounded up with the fraction's probability, so that its mean is exact; each token 80/10/10.
 *
 * Departs: `<s>` and `</s>` are special and never selected, though they count as tokens; draws are addressed
 * by (seed, epoch, sample), where fairseq's hash leaves about 48,000 seeds.
 */
export function roberta(options: PresetOptions = {}): Strategy<UnitStrategyPlan> {
  const { rate = 0.15 } = options;
  return composeUnits(
    {
      type: 'units',
      unit: 'token',
      lengths: singleUnit,
      selection: {
        type: 'budget',
        rate: partsPerMillion(rate),
        rounding: 'chance',
        least: 0,
        anchor: 'unit',
        overlap: 'drop',
      },
      action: actionPlan(options, 'token'),
    },
    options.randomWords,
  );
}

/** Options of {@linkcode spanbert}. */
export interface SpanbertOptions extends PresetOptions, WordOptions {
  /** Of the geometric distribution. Default 0.2, as the paper (the code's default is 0.3). */
  readonly p?: number;
  /** Words of the longest span. Default 10. */
  readonly maxSpan?: number;
}

/**
 * SpanBERT (Joshi et al. 2020, arXiv:1907.10529 §3.1; facebookresearch/SpanBERT `masking.py`): spans of
 * whole words, their lengths geometric and truncated at 10, until 15 % of the tokens are spent, rounded
 * up; 80/10/10 for a span as a whole.
 *
 * Departs: a word that would exceed the budget is passed over (SpanBERT cuts it); a special token ends a
 * span; and spans that touch keep draws of their own.
 */
export function spanbert(options: SpanbertOptions = {}): Strategy<UnitStrategyPlan> {
  const { rate = 0.15, p = 0.2, maxSpan = 10 } = options;
  return composeUnits(
    {
      type: 'units',
      unit: wordUnit(options),
      lengths: truncatedGeometric(p, maxSpan),
      selection: {
        type: 'budget',
        rate: partsPerMillion(rate),
        rounding: 'up',
        least: 0,
        anchor: 'token',
        overlap: 'join',
      },
      action: actionPlan(options, 'span'),
    },
    options.randomWords,
  );
}

/** Options of {@linkcode albert}. */
export interface AlbertOptions extends BertOptions, WordOptions {
  /** Words of the longest n-gram. Default 3. */
  readonly maxNgram?: number;
}

/**
 * ALBERT (Lan et al. 2020, arXiv:1909.11942 §4.1; google-research/albert `create_pretraining_data.py`):
 * n-grams of whole words with P(n) proportional to 1/n, up to 3, within BERT's budget; an n-gram that
 * would exceed it is shortened, one that meets another is passed over; each token 80/10/10.
 *
 * Departs: as {@linkcode bertWholeWord}; and a special token ends an n-gram.
 */
export function albert(options: AlbertOptions = {}): Strategy<UnitStrategyPlan> {
  const { maxNgram = 3 } = options;
  return bertLike(wordUnit(options), inverseLengths(maxNgram), options);
}

/** Options of {@linkcode megatron}. */
export interface MegatronOptions extends AlbertOptions {
  /** `inverse`: P(n) proportional to 1/n (default); `geometric`: p 0.2, clipped at `maxNgram`. */
  readonly lengths?: 'inverse' | 'geometric';
}

/**
 * Megatron-LM's BERT (NVIDIA/Megatron-LM `masked_dataset.py`): ALBERT's n-grams, or geometric lengths
 * with p 0.2 where all that is longer becomes `maxNgram`.
 *
 * Departs: as {@linkcode albert}; and draws are addressed by (seed, epoch, sample), where Megatron adds
 * seed and index, so that neighbouring seeds repeat each other's masks.
 */
export function megatron(options: MegatronOptions = {}): Strategy<UnitStrategyPlan> {
  const { lengths = 'inverse', maxNgram = lengths === 'inverse' ? 3 : 10 } = options;
  if (lengths !== 'inverse' && lengths !== 'geometric') {
    throw new ArgumentError('lengths', '"inverse" or "geometric"', lengths);
  }
  const table = lengths === 'inverse' ? inverseLengths(maxNgram) : clippedGeometric(0.2, maxNgram);
  return bertLike(wordUnit(options), table, options);
}

/** Options of {@linkcode electra}. */
export interface ElectraOptions extends PresetOptions {
  /** Tokens of the longest sample, which caps the budget at `floor((rate + 0.005) * maxLength)`. */
  readonly maxLength: number;
}

/**
 * ELECTRA's generator (Clark et al. 2020, arXiv:2003.10555; google-research/electra
 * `pretrain_helpers.py`): BERT's budget with a cap of 19 at 128 tokens and 79 at 512; 85 % masked, the
 * rest kept, none random.
 *
 * Departs: positions are drawn without replacement (ELECTRA's collide, so that it selects fewer).
 */
export function electra(options: ElectraOptions): Strategy<UnitStrategyPlan> {
  const { rate = 0.15, maxLength, mask = 0.85, random = 0, keep = 0.15 } = options;
  if (!Number.isInteger(maxLength) || maxLength < 1) {
    throw new ArgumentError('maxLength', 'a number of tokens from 1', maxLength);
  }
  const maxPredictions = Math.floor(((partsPerMillion(rate) + 5000) * maxLength) / 1_000_000);
  return bertLike('token', singleUnit, { ...options, rate, maxPredictions, mask, random, keep });
}

/**
 * ModernBERT (Warner et al. 2024, arXiv:2412.13663; AnswerDotAI/ModernBERT `sequence_packer.py`): each
 * token with probability 30 %, 80/10/10. Evaluate at 15 %, as its authors do.
 *
 * Departs: no special token is selected or drawn, and nothing depends on the rest of the batch.
 */
export function modernbert(options: PresetOptions = {}): Strategy<TokenStrategyPlan> {
  const { rate = 0.3 } = options;
  return tokenMasking({ ...options, rate });
}
