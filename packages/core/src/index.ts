/**
 * Masking for masked-language-model pretraining: pure functions of (seed, epoch, sample), without
 * dependencies, the same in Node, Deno and a browser.
 *
 * @module
 */

export { ArgumentError, TokenIdError } from './errors.ts';
export type { KernelMemory, KernelRoom } from './kernel/kernel-memory.ts';
export { kernelBytes } from './kernel/row-kernel.ts';
export {
  type BatchMoment,
  type BatchOutput,
  type BatchSample,
  createMasker,
  type MaskedSample,
  type Masker,
  type MaskerOptions,
  type SampleAddress,
} from './masker.ts';
export { type Mode, maskEpoch, toMode } from './mode.ts';
export { createDraws, type Draws } from './random/draws.ts';
export * as op from './random/ops.ts';
export {
  createPermutation,
  type Permutation,
  type PermutationOptions,
} from './random/permutation.ts';
export { mulhi32, philox4x32 } from './random/philox.ts';
export { parseUint64, toUint32, toUint64, type Uint64 } from './random/uint64.ts';
export type { ActionOptions, ActionPlan, ActionShares } from './strategies/action.ts';
export type { Denoiser, SpansDenoiser, SuffixDenoiser } from './strategies/denoising/denoiser.ts';
export {
  type SpanCorruptionOptions,
  type T5Options,
  t5,
  type Ul2Options,
  ul2,
} from './strategies/denoising/presets.ts';
export { spanCorruption } from './strategies/denoising/span-corruption.ts';
export {
  type T5Lengths,
  type T5LengthsOptions,
  t5Lengths,
} from './strategies/denoising/t5-lengths.ts';
export { effectiveRate } from './strategies/effective-rate.ts';
export {
  clippedGeometric,
  inverseLengths,
  type LengthTable,
  singleUnit,
  truncatedGeometric,
} from './strategies/length-table.ts';
export {
  albert,
  bert,
  bertWholeWord,
  electra,
  megatron,
  modernbert,
  roberta,
  spanbert,
} from './strategies/presets.ts';
export {
  type RandomWords,
  type RandomWordsPlan,
  uniformWords,
} from './strategies/random-words/random-words.ts';
export { unigramWords } from './strategies/random-words/unigram-words.ts';
export { type Requirements, requirementsOf } from './strategies/requirements.ts';
export type { BernoulliSelection, BudgetSelection, Selection } from './strategies/selection.ts';
export { sentenceOrder } from './strategies/sentence-order.ts';
export {
  type Arrangement,
  type Columns,
  type IntegerArray,
  ignoredLabel,
  type MaskedOutput,
  type OutputLengths,
  type RowKernel,
  type Strategy,
  type StrategyInput,
} from './strategies/strategy.ts';
export { strategyFromPlan } from './strategies/strategy-from-plan.ts';
export type {
  SentenceOrderPlan,
  SpanCorruptionPlan,
  StrategyPlan,
  TokenStrategyPlan,
  UnitStrategyPlan,
} from './strategies/strategy-plan.ts';
export {
  type TokenMaskingOptions,
  tokenMasking,
} from './strategies/token-masking.ts';
export { unitMasking } from './strategies/unit-masking.ts';
export { checkUnitColumn, type UnitKind } from './strategies/units.ts';
export { checkVocab, type Sentinels, type VocabTables, type VocabTraits } from './vocab.ts';
